import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { sha256hex } from "../../static/js/lib/sha256.js";

/** @param {string} text */
const reference = (text) => createHash("sha256").update(text, "utf8").digest("hex");

test("the published example of FIPS 180-4 gives its published digest", () => {
  assert.equal(
    sha256hex("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

test("every length around the block borders agrees with node's own hash", () => {
  for (let length = 0; length <= 200; length += 1) {
    const text = "x".repeat(length);
    assert.equal(sha256hex(text), reference(text), `length ${length}`);
  }
});

test("Korean text, emoji and a long ballot are hashed as UTF-8", () => {
  for (const text of ["열린토론회", "👨‍👩‍👧 가족", "작은도서관 ".repeat(5000)]) {
    assert.equal(sha256hex(text), reference(text));
  }
});
