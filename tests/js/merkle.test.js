/** The root that phones reckon, against the recursive definition of RFC 6962 in node's own hash. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import "./page.js";

const { merkleRoot } = await import("../../static/js/lib/merkle.js");
const { sealed } = await import("../../static/js/screens/phone/votes.js");

/** @param {...(Buffer|string)} parts */
const hash = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest();

/** @param {string[]} leaves @returns {Buffer} */
function tree(leaves) {
  if (!leaves.length) return hash("");
  if (leaves.length === 1) return hash("\0", leaves[0]);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hash("\x01", tree(leaves.slice(0, split)), tree(leaves.slice(split)));
}

const list = (/** @type {number} */ n) => Array.from({ length: n }, (_, i) => hash(String(i)).toString("hex"));

test("a list of any length has the root of the definition, in whatever order it comes", () => {
  for (let n = 0; n <= 40; n += 1) assert.equal(merkleRoot(list(n).reverse()), tree(list(n).sort()).toString("hex"), `${n} leaves`);
});

test("a ballot is sealed when the list holds it and has the root that was shown", async () => {
  const all = list(9);
  const root = merkleRoot(all);
  assert.equal(await sealed({ commitment: all[4] }, all, root), true);
  assert.equal(await sealed({ commitment: list(10)[9] }, all, root), false);
  assert.equal(await sealed({ commitment: all[4] }, all.slice(0, 8), root), false);
});
