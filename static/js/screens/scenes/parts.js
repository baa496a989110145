/** What several scenes share: the corner for latecomers, and lists that turn their pages. */

import { html, nothing } from "../../lib/dom.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../scenes.js").View} View */

/** @param {string} code @returns {string} a forum's code as people read it aloud */
export const spaced = (code) => String(code || "").replace(/^(\d{3})(\d{3})$/, "$1 $2");

/** @param {View} view */
export const corner = (view) => html`<div class="corner">
  <span>${view.host}</span><b>${spaced((view.store.get("forum") || {}).code)}</b>${view.qr("corner")}
</div>`;

/**
 * After the end nobody is invited in any more.
 * @param {View} view
 * @param {unknown} said
 */
export const foot = (view, said) => html`<footer class="s-foot">${said}${over(view) ? nothing : corner(view)}</footer>`;

/** @param {View} view */
export const over = (view) => (view.store.get("agenda") || {}).state === "ended";

/**
 * The part of a list that one page shows, and the words for it.
 * @template T
 * @param {T[]} list
 * @param {number} page
 * @param {number} size
 */
export function paged(list, page, size) {
  const pages = Math.max(1, Math.ceil(list.length / size));
  const at = page % pages;
  const some = list.slice(at * size, at * size + size);
  const words = pages > 1 ? t("stage.page", { from: at * size + 1, to: at * size + some.length, of: list.length }) : "";
  return { some, pages, words };
}
