/**
 * Just enough of a page for lit-html to be loaded in Node: the tests here are of pure logic and
 * draw nothing. Import this first.
 */

import { load } from "../../static/js/lib/words.js";

const walker = { currentNode: null, nextNode: () => null };
Object.assign(globalThis, {
  window: globalThis,
  document: { createTreeWalker: () => walker, createComment: () => ({}), createElement: () => ({}) },
});

load({}, "ko");

/**
 * What a template would say: its markup and its values in order, without drawing it. Words are
 * catalogue keys here.
 * @param {any} part
 * @returns {string}
 */
export function said(part) {
  if (Array.isArray(part)) return part.map(said).join("");
  if (part && part.strings) return part.strings.map((/** @type {string} */ text, /** @type {number} */ i) => text + said(part.values[i])).join("");
  return typeof part === "string" || typeof part === "number" ? String(part) : "";
}
