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
