/** The last rehearsal on the console: how long ago, when it says nothing any more, when it goes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

const { ago, outdated, rehearsal } = await import("../../static/js/screens/console/rehearsal.js");

const MINUTE = 60000;
const DAY = 1440 * MINUTE;

/** @param {object} [more] */
const sheet = (more = {}) =>
  /** @type {any} */ ({ at: 0, version: "0.1.0", same_version: true, phones: 300, level: "ok", lines: [{ key: "join", level: "ok", said: "ok", numbers: { seconds: 0.1 } }], ...more });

/** @param {any} found @param {object} [more] */
const desk = (found, { state = "before", questions = [] } = /** @type {any} */ ({})) =>
  /** @type {any} */ ({
    page: { store: { get: (/** @type {string} */ name) => ({ agenda: { state }, rehearsal: found })[name] }, clock: { now: () => 12 * MINUTE } },
    questions: () => questions,
  });

test("how long ago is said in the largest unit that fits", () => {
  assert.deepEqual([0, 12 * MINUTE, 125 * MINUTE, 3 * DAY].map(ago), ["1분 전", "12분 전", "2시간 전", "3일 전"]);
});

test("a sheet says so when it is older than a day or of another version", () => {
  assert.equal(outdated(sheet(), DAY), "");
  assert.equal(outdated(sheet(), DAY + 1), "console.rehearsal_old");
  assert.equal(outdated(sheet({ same_version: false }), 0), "console.rehearsal_version");
});

test("the console shows the verdict and every line until the forum begins", () => {
  const shown = said(rehearsal(desk(sheet())));
  for (const word of ["rehearsal.sum.ok", "12분 전", "rehearsal.level.ok", "rehearsal.line.join.ok"]) assert.ok(shown.includes(word), word);
  assert.equal(said(rehearsal(desk(sheet(), { state: "running" }))), "");
  assert.equal(said(rehearsal(desk(sheet(), { questions: [{ state: "open" }] }))), "");
  assert.equal(said(rehearsal(desk(null))), "");
});
