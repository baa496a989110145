/** What plain pages do for one field. */

import assert from "node:assert/strict";
import { test } from "node:test";

const { copy, settle } = await import("../../static/js/lib/fields.js");

/** @param {any} [clipboard] */
function tools(clipboard) {
  /** @type {string[]} */
  const done = [];
  return { done, how: { clipboard, select: () => void done.push("select"), exec: () => done.push("exec") > 0 } };
}

test("an address is copied with the clipboard, and by selection where there is none", async () => {
  /** @type {string[]} */
  const kept = [];
  const modern = tools({ writeText: async (/** @type {string} */ text) => void kept.push(text) });
  assert.equal(await copy("http://a/#k=1", modern.how), true);
  assert.deepEqual([kept, modern.done], [["http://a/#k=1"], []]);
  for (const clipboard of [undefined, { writeText: () => Promise.reject(new Error("denied")) }]) {
    const plain = tools(clipboard);
    assert.equal(await copy("http://a/#k=1", plain.how), true);
    assert.deepEqual(plain.done, ["select", "exec"]);
  }
});

test("a complaint goes once its criterion is scored or its candidate recused, and may come back", () => {
  const wrong = { hidden: false, id: "score-A-reach-error" };
  const on = { scored: false, recused: false };
  /** @type {Map<string, string>} */
  const said = new Map();
  const row = /** @type {any} */ ({
    querySelector: (/** @type {string} */ wanted) => (wanted === ".wrong" ? wrong : on.scored || null),
    closest: () => ({ querySelector: () => on.recused || null }),
    removeAttribute: (/** @type {string} */ name) => said.delete(name),
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) => said.set(name, value),
  });
  for (const [scored, recused] of [[true, false], [false, true], [true, true]]) {
    Object.assign(on, { scored, recused });
    settle(row);
    assert.deepEqual([wrong.hidden, said.size], [true, 0]);
  }
  Object.assign(on, { scored: false, recused: false });
  settle(row);
  assert.deepEqual([wrong.hidden, said.get("aria-describedby")], [false, "score-A-reach-error"]);
});
