/**
 * Theme, contrast and type size, set before the first paint from what this device remembers.
 * Here belong only the three switches; nothing that a page needs in order to work.
 * Served as a classic script in the head, so that nothing flashes.
 */
(() => {
  "use strict";
  const root = document.documentElement;
  const names = ["type", "contrast", "theme"];

  /** Storage may be forbidden (private windows); then a switch lasts for the page. */
  const memory = {
    /** @param {string} name @returns {string | null} */
    get(name) {
      try {
        return localStorage.getItem(`look.${name}`);
      } catch {
        return null;
      }
    },
    /** @param {string} name @param {string} value */
    set(name, value) {
      try {
        localStorage.setItem(`look.${name}`, value);
      } catch {
        root.dataset[name] = value;
      }
    },
  };

  /** @param {string} name @param {string | null} value */
  const apply = (name, value) => {
    if (value) root.dataset[name] = value;
    else delete root.dataset[name];
  };

  for (const name of names) apply(name, memory.get(name));

  /** Whether the switch is on now; without a choice the theme follows the system.
   * @param {HTMLElement} button */
  const isOn = (button) => {
    const name = button.dataset.switch ?? "";
    if (name === "theme" && !root.dataset.theme) {
      return matchMedia("(prefers-color-scheme: dark)").matches;
    }
    return root.dataset[name] === button.dataset.on;
  };

  /** @param {HTMLElement} button */
  const show = (button) => button.setAttribute("aria-pressed", String(isOn(button)));

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-switch]")) {
      if (!(button instanceof HTMLElement)) continue;
      button.hidden = false;
      show(button);
    }
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target.closest("[data-switch]") : null;
    if (!(target instanceof HTMLElement)) return;
    const name = target.dataset.switch ?? "";
    const off = name === "theme" ? "light" : "";
    const value = isOn(target) ? off : (target.dataset.on ?? "");
    memory.set(name, value);
    apply(name, value);
    show(target);
  });
})();
