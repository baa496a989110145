/**
 * A link that carries its token in the fragment (#k=…): a ticket, a table card, the stage, a
 * moderator's or panelist's link, an invitation. The token goes into the form and never into an
 * address that a server or a history keeps.
 * May be used by /f/{code}/enter and /invite; both work by pasting where scripts are off.
 */

/**
 * The token of a fragment such as "#k=abc", or nothing.
 * @param {string} fragment
 * @returns {string | null}
 */
export function tokenOf(fragment) {
  const token = new URLSearchParams(fragment.replace(/^#/, "")).get("k");
  return token && token.trim() ? token.trim() : null;
}

/** Fill the form's token, clear the address, and submit at once where nothing else is asked. */
function enter() {
  const form = document.querySelector("form[data-enter]");
  if (!(form instanceof HTMLFormElement)) return;
  const field = form.elements.namedItem("k");
  const token = tokenOf(location.hash);
  if (!token || !(field instanceof HTMLInputElement)) return;
  field.value = token;
  history.replaceState(null, "", location.pathname + location.search);
  if (form.dataset.enter === "now") {
    document.getElementById("entering")?.removeAttribute("hidden");
    document.getElementById("by-hand")?.setAttribute("hidden", "");
    form.requestSubmit ? form.requestSubmit() : form.submit();
  } else {
    field.closest(".entry")?.setAttribute("hidden", "");
  }
}

if (typeof document !== "undefined") {
  enter();
  addEventListener("hashchange", enter);
}
