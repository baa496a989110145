/** The receipt light has words for every status that a ballot can end in. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isLate, light, stateKey } from "../../static/js/lib/lights.js";

/** @type {any} */
const OPEN = { id: 1, state: "open", changeable: true, secret: false };
/** @type {any} */
const COUNTED = { status: "counted", rev: 1, receipt: { code: "7F3K" } };
const entry = (/** @type {string} */ state, until = 0) => /** @type {any} */ ({ state, until, payload: {} });
const WORDS = ["ko", "en"].map((lang) =>
  JSON.parse(readFileSync(new URL(`../../townhall/locale/${lang}/live.json`, import.meta.url), "utf8")),
);

/** @param {any} facts */
const tone = (facts) => {
  const at = light({ question: OPEN, entry: null, vote: null, now: 0, ...facts });
  if (!at) return null;
  for (const words of WORDS) assert.ok(at.title in words && at.line in words, `${at.title}, ${at.line}`);
  return at.tone;
};

test("nothing was cast: no light", () => {
  assert.equal(tone({}), null);
});

test("on its way is amber, in the phone alone is kept, and both have words", () => {
  assert.equal(tone({ entry: entry("sending") }), "wait");
  assert.equal(tone({ entry: entry("waiting") }), "wait");
  assert.equal(tone({ entry: entry("busy", 3000) }), "wait");
  assert.equal(tone({ entry: entry("kept") }), "kept");
});

test("busy says in how many seconds", () => {
  const at = light({ question: OPEN, entry: entry("busy", 2400), vote: null, now: 0 });
  assert.deepEqual(at && at.params, { n: 3 });
});

test("every final status of the protocol has its colour and its sentence", () => {
  const tones = Object.fromEntries(
    ["counted", "counted_before", "superseded", "already_voted", "closed", "not_eligible", "invalid", "refused"].map(
      (status) => [status, tone({ vote: { status, rev: 1, receipt: { code: "X" } } })],
    ),
  );
  assert.deepEqual(tones, {
    counted: "done",
    counted_before: "done",
    superseded: "done",
    already_voted: "fail",
    closed: "fail",
    not_eligible: "fail",
    invalid: "fail",
    refused: "fail",
  });
});

test("a counted ballot shows its receipt and may be changed while the question is open", () => {
  const at = light({ question: OPEN, entry: null, vote: COUNTED });
  assert.deepEqual([at && at.code, at && at.change], ["7F3K", true]);
});

test("nothing may be changed after the close, in secret, or once confirmed", () => {
  for (const how of [{ state: "closed" }, { secret: true }, { changeable: false }]) {
    const at = light({ question: { ...OPEN, ...how }, entry: null, vote: COUNTED });
    assert.equal(at && at.change, false);
  }
});

test("a change that failed leaves the earlier ballot, and says so", () => {
  const at = light({ question: OPEN, entry: null, vote: { ...COUNTED, failed: "closed" } });
  assert.deepEqual([at && at.tone, at && at.code], ["fail", "7F3K"]);
});

test("after the deadline and the grace nothing promises that a kept ballot still counts", () => {
  const question = { ...OPEN, closes_at: 10_000 };
  assert.deepEqual([isLate(question, 13_000), isLate(question, 13_001)], [false, true]);
  assert.deepEqual([isLate({ ...question, closes_at: null }, 13_001), isLate({ ...question, state: "closed" }, 13_001)], [false, false]);
  assert.deepEqual([stateKey(question, 13_000), stateKey(question, 13_001)], ["live.state.open", "live.state.closed"]);
  const at = light({ question, entry: entry("kept"), vote: null, now: 0, late: true });
  assert.equal(at && at.line, "live.light.late_line");
  assert.equal(tone({ question, entry: entry("kept"), late: true }), "kept");
});
