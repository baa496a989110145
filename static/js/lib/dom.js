/**
 * The one way from data to the page: lit-html, and the few helpers a strict policy asks for.
 * Sizes that come from data are custom properties set by script, never style attributes.
 */

import { html, noChange, nothing, render, svg } from "../../vendor/lit-html/lit-html.js";
import { Directive, directive } from "../../vendor/lit-html/directive.js";
import { t } from "./words.js";

export { draws } from "./shelf.js";
export { html, nothing, svg };

class Vars extends Directive {
  /** @param {Record<string, string|number>} _map */
  render(_map) {
    return noChange;
  }

  /**
   * @param {any} part
   * @param {[Record<string, string|number>]} values
   */
  update(part, [map]) {
    for (const name of Object.keys(map)) part.element.style.setProperty(`--${name}`, String(map[name]));
    return noChange;
  }
}

class Live extends Directive {
  /** @param {unknown} _value */
  render(_value) {
    return noChange;
  }

  /**
   * @param {any} part
   * @param {[unknown]} values
   */
  update(part, [value]) {
    if (part.element[part.name] !== value) part.element[part.name] = value;
    return noChange;
  }
}

/** A property compared with what the page has now, which a person may have changed. */
export const live = directive(Live);

/** Custom properties of an element: `<i ${vars({ n: 3 })}>`. */
export const vars = directive(Vars);

/** @type {WeakSet<Element>} */
const taken = new WeakSet();

/**
 * Draw a template into an element that the server had filled for the first paint.
 * @param {Element|null} element
 * @param {unknown} template
 */
export function draw(element, template) {
  if (!element) return;
  if (!taken.has(element)) {
    element.textContent = "";
    taken.add(element);
  }
  render(template, /** @type {HTMLElement} */ (element));
}

/**
 * Draw, and where that takes away what had focus, or locks the field that had it, give focus to the
 * first element that `to` names: a keyboard must not begin again at the top of the page. A stepper
 * that has nothing left to give keeps its place.
 * @param {HTMLElement|null} element
 * @param {() => void} paint
 * @param {string[]} to  selectors, the best first
 */
export function holding(element, paint, to) {
  const had = document.activeElement;
  const inside = element && had && element.contains(had);
  paint();
  if (!inside || (element.contains(had) && !had.matches("input:disabled"))) return;
  const found = to.map((name) => /** @type {HTMLElement|null} */ (element.querySelector(name))).find(Boolean);
  if (!found) return;
  if (found.tabIndex < 0) found.tabIndex = -1;
  found.focus({ preventScroll: true });
}

/**
 * A sentence whose `**marked**` parts stand out.
 * @param {string} key
 * @param {Record<string, unknown>} [params]
 */
export function rich(key, params) {
  return t(key, params)
    .split("**")
    .map((part, i) => (i % 2 ? html`<b>${part}</b>` : part));
}

/**
 * One drawing a frame, however many changes come.
 * @param {() => void} paint
 * @returns {() => void}
 */
export function painter(paint) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    // A hidden tab gets no animation frames; it must still be right when it is shown.
    const later = document.hidden ? (/** @type {() => void} */ f) => setTimeout(f, 100) : requestAnimationFrame;
    later(() => {
      due = false;
      paint();
    });
  };
}

/**
 * True while an input method composes: Enter then belongs to it, not to the form.
 * @param {KeyboardEvent} event
 */
export const composing = (event) => event.isComposing || event.keyCode === 229;

/**
 * Say a change to people who listen instead of looking.
 * @param {string} text
 */
export function announce(text) {
  let region = document.getElementById("announce");
  if (!region) {
    region = document.createElement("p");
    region.id = "announce";
    region.className = "unseen";
    region.setAttribute("role", "status");
    document.body.appendChild(region);
  }
  if (region.textContent !== text) region.textContent = text;
}

/** @param {string} id @returns {any} the JSON of a data block in the page */
export function block(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent || "null") : null;
}
