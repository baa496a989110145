/**
 * A link that carries its token in the fragment (#k=…): a ticket, a table card, the stage, a
 * moderator's or panelist's link, an invitation. The token goes into the form and never into an
 * address that a server or a history keeps.
 * With a seat's ticket goes this device's own key, so that a lost answer can be asked for again.
 * May be used by /f/{code}/enter and /invite; both work by pasting where scripts are off.
 */

import { deviceKey } from "../lib/shelf.js";

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
  const key = form.elements.namedItem("key");
  const [, code] = /^\/f\/(\d+)\//.exec(location.pathname) || [];
  if (key instanceof HTMLInputElement && code) key.value = deviceKey(code);
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
