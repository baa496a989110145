/** My ballots on this phone: two tabs, and a change that was begun and not sent. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "./page.js";

/** @type {Map<string, string>} */
const kept = new Map();
/** @type {any} */ (globalThis).localStorage = {
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  removeItem: (/** @type {string} */ key) => kept.delete(key),
};

const { Votes } = await import("../../static/js/screens/phone/votes.js");

/** @returns {any} */
function tab() {
  const page = { clock: { now: () => 0 }, store: { me: null, question: () => null } };
  return new Votes(/** @type {any} */ (page), /** @type {any} */ ({ entry: () => null }), "votes", () => {});
}
const cast = (/** @type {number} */ question, nonce = "n", rev = 1) => ({ payload: { question, key: "k", nonce, rev, choice: "yes" } });
const counted = (/** @type {string} */ id, rev = 1) => ({ status: "counted", rev, receipt: { id, code: "7F3K" } });

beforeEach(() => kept.clear());

test("two tabs keep each other's nonces", () => {
  const [one, other] = [tab(), tab()];
  one.settled(cast(1), counted("a"));
  other.settled(cast(2), counted("b"));
  assert.deepEqual(Object.keys(tab().kept), ["1", "2"]);
});

test("an older ballot's late answer does not erase the nonce of the one that counts", () => {
  const [one, other] = [tab(), tab()];
  other.settled(cast(1, "newer", 2), counted("b", 2));
  one.settled(cast(1, "older"), { ...counted("b", 2), status: "superseded", choice: "yes" });
  assert.equal(tab().kept[1].nonce, "newer");
});
