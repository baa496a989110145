/**
 * Comfort for plain forms: what was typed into a long form stays on this device until the server
 * has confirmed it, a form is sent once, a long text shows how much room is left, an address is
 * copied, and what is settled is no longer complained about.
 * Everything works without this file.
 *
 * A form opts in with data-keep="name"; a page that follows a success carries
 * data-kept="name" on any element, and the draft is dropped.
 */

import { copy, settle } from "../lib/fields.js";

const PREFIX = "draft.";

/** @param {() => T} run @returns {T | null} @template T */
function quietly(run) {
  try {
    return run();
  } catch {
    // Storage is full or forbidden; the form itself is not in danger.
    return null;
  }
}

/**
 * The fields worth keeping: text that a person typed, never a secret.
 * @param {HTMLFormElement} form
 * @returns {(HTMLInputElement | HTMLTextAreaElement)[]}
 */
function typed(form) {
  return /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ (
    [...form.querySelectorAll("textarea, input")].filter(
      (field) =>
        field instanceof HTMLTextAreaElement ||
        (field instanceof HTMLInputElement &&
          ["text", "search", "number", "date", "datetime-local"].includes(field.type)),
    )
  );
}

/** @param {HTMLFormElement} form */
function keep(form) {
  const name = PREFIX + form.dataset.keep;
  const before = quietly(() => JSON.parse(localStorage.getItem(name) ?? "{}")) ?? {};
  for (const field of typed(form)) {
    if (!field.value && typeof before[field.name] === "string") field.value = before[field.name];
  }
  form.addEventListener("input", () => {
    const now = Object.fromEntries(typed(form).map((field) => [field.name, field.value]));
    quietly(() => localStorage.setItem(name, JSON.stringify(now)));
  });
}

/** @param {HTMLTextAreaElement | HTMLInputElement} field */
function showRoom(field) {
  const output = document.getElementById(`${field.id}-room`);
  if (!output) return;
  const write = () => {
    output.textContent = `${[...field.value].length} / ${field.maxLength}`;
  };
  field.addEventListener("input", write);
  write();
}

/** A second press of the same button sends nothing. @param {HTMLFormElement} form */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

/** The button beside an address, which is hidden without scripts. @param {HTMLButtonElement} button */
function copies(button) {
  const address = button.parentElement?.querySelector("code");
  const words = button.querySelector("[aria-live]");
  if (!address || !words) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const select = () => getSelection()?.selectAllChildren(address);
    const exec = () => document.execCommand("copy");
    const done = await copy(address.textContent ?? "", { clipboard: navigator.clipboard, select, exec });
    if (done) words.textContent = button.dataset.copied ?? "";
  });
}

/** A sheet's criteria that were left open. @param {HTMLFormElement} form */
function complains(form) {
  form.addEventListener("change", () => {
    for (const row of form.querySelectorAll(".criterion-row")) settle(row);
  });
}

for (const mark of document.querySelectorAll("[data-kept]")) {
  quietly(() => localStorage.removeItem(PREFIX + mark.getAttribute("data-kept")));
}
for (const form of document.forms) {
  if (form.dataset.keep) keep(form);
  // A form that answers in another window leaves this page where it is, for more.
  if (form.method === "post" && form.target !== "_blank") sendOnce(form);
  if (form.classList.contains("sheet-form")) complains(form);
}
for (const button of document.querySelectorAll("[data-copied]")) {
  if (button instanceof HTMLButtonElement) copies(button);
}
for (const field of document.querySelectorAll("textarea[maxlength], input[data-room]")) {
  if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) showRoom(field);
}
// Coming back with the back button shows the page as it was left: the form may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
document.getElementById("refused")?.focus();
