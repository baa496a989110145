/** What plain pages do for one field: copy an address, take back a complaint that is settled. */

/**
 * Copy a text. Over plain http a browser has no clipboard for pages; there the text is selected
 * and copied as a person would do it, and stays selected where even that is forbidden.
 * @param {string} text
 * @param {{clipboard?: {writeText(text: string): Promise<void>}, select: () => void, exec: () => boolean}} how
 * @returns {Promise<boolean>} whether it was copied
 */
export async function copy(text, { clipboard, select, exec }) {
  try {
    if (clipboard) {
      await clipboard.writeText(text);
      return true;
    }
  } catch {
    // Forbidden by the browser; the selection still helps.
  }
  select();
  return exec();
}

/**
 * A criterion that is scored by now, or whose candidate is recused, is no longer complained about.
 * @param {Element} row  the criterion, with the complaint inside
 */
export function settle(row) {
  const wrong = /** @type {HTMLElement|null} */ (row.querySelector(".wrong"));
  if (!wrong) return;
  const candidate = row.closest(".ballot-row");
  const recused = candidate && candidate.querySelector(".pass input:checked");
  wrong.hidden = Boolean(row.querySelector("input:checked") || recused);
  if (wrong.hidden) row.removeAttribute("aria-describedby");
  else row.setAttribute("aria-describedby", wrong.id);
}
