/** Words: places filled, plural forms chosen, unknown keys shown as they are. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { knows, load, t } from "../../static/js/lib/words.js";

const WORDS = {
  "a.plain": "안녕하세요",
  "a.name": "{name} 님, {name} 님",
  "a.left": { one: "{n} vote left", other: "{n} votes left" },
  "a.ko": { other: "{n}표" },
};

test("places are filled and unknown places stay", () => {
  load(WORDS, "ko");
  assert.equal(t("a.name", { name: "나래" }), "나래 님, 나래 님");
  assert.equal(t("a.name"), "{name} 님, {name} 님");
});

test("English has two plural forms and Korean one", () => {
  load(WORDS, "en");
  assert.equal(t("a.left", { n: 1 }), "1 vote left");
  assert.equal(t("a.left", { n: 2 }), "2 votes left");
  load(WORDS, "ko");
  assert.equal(t("a.ko", { n: 1 }), "1표");
});

test("numbers from a thousand on are grouped", () => {
  load(WORDS, "ko");
  assert.equal(t("a.ko", { n: 1204 }), "1,204표");
  assert.equal(t("a.ko", { n: 999 }), "999표");
});

test("a key without words is shown as the key", () => {
  assert.equal(t("a.nothing"), "a.nothing");
  assert.equal(knows("a.nothing"), false);
  assert.equal(knows("a.plain"), true);
});
