/** The run of show as the console forecasts it, and what could be shortened. */

import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.js";

const { forecast, savings } = await import("../../static/js/screens/console/plan.js");
const { keysIn } = await import("../../static/js/screens/join.js");
const { pause } = await import("../../static/js/lib/socket.js");
const { standings } = await import("../../static/js/lib/scoreboard.js");
const { canonical } = await import("../../static/js/screens/phone/votes.js");

const MIN = 60000;

/** @param {[string, number, number|null, number|null][]} items  kind, minutes, started, ended (minutes) */
function agenda(items, current = 2) {
  let planned = 0;
  const segments = items.map(([kind, minutes, started, ended], i) => {
    const one = { id: i + 1, kind, title: kind, prompt: "", minutes, extended: 0, question: null, facts: {},
      started_at: started === null ? null : started * MIN, ended_at: ended === null ? null : ended * MIN, planned_at: planned };
    planned += minutes * MIN;
    return one;
  });
  return /** @type {any} */ ({ state: "running", starts_at: 0, started_at: 0, current, segments, speaker: null });
}

test("what has begun keeps its time, what comes follows the end of what runs", () => {
  const run = agenda([["talk", 10, 0, 14], ["tables", 30, 14, null], ["break", 10, null, null]]);
  assert.deepEqual(forecast(run, 20 * MIN), { starts: { 1: 0, 2: 14 * MIN, 3: 44 * MIN }, late: 4 * MIN });
});

test("an item that runs over its length pushes everything after it", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["break", 10, null, null]]);
  assert.deepEqual(forecast(run, 47 * MIN), { starts: { 1: 0, 2: 10 * MIN, 3: 47 * MIN }, late: 7 * MIN });
});

test("breaks are shortened first, votes never, and nothing below three minutes", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["talk", 15, null, null], ["question", 9, null, null], ["break", 12, null, null], ["talk", 3, null, null]]);
  assert.deepEqual(savings(run, 7).map(({ segment, by }) => [segment.id, by]), [[5, 4], [3, 5]]);
});

test("no more is saved than is late", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["break", 12, null, null]]);
  assert.deepEqual(savings(run, 2).map(({ by }) => by), [2]);
});

test("a fragment holds a ticket or a personal link, or neither", () => {
  assert.deepEqual(keysIn("#k=d1081c68"), { ticket: "d1081c68", resume: null });
  assert.deepEqual(keysIn("#r=abc.def-1_2~x"), { ticket: null, resume: "abc.def-1_2~x" });
  assert.deepEqual(keysIn("#asks"), { ticket: null, resume: null });
});

test("a phone comes back after one to twenty seconds", () => {
  assert.equal(pause(0, () => 0), 1000);
  assert.equal(pause(1, () => 1), 3000);
  assert.equal(pause(50, () => 1), 20000);
});

test("standings are in order of rank, and a tie that is not broken stays behind", () => {
  const row = (/** @type {string} */ id, /** @type {number|null} */ rank) => ({ id, rank });
  const score = {
    candidates: [{ id: "A", title: "알림판" }],
    result: { candidates: [row("C", null), row("B", 2), row("A", 1)] },
  };
  assert.deepEqual(standings(score).map((one) => [one.id, one.title]), [["A", "알림판"], ["B", "B"], ["C", "C"]]);
  assert.deepEqual(standings({ candidates: [], result: null }), []);
});

test("a choice is hashed as the server writes it: sorted, without spaces, Korean as it is", () => {
  assert.equal(canonical({ B: 5, A: null }), '{"A":null,"B":5}');
  assert.equal(canonical({ picks: ["C", "A"], other: "책 배달" }), '{"other":"책 배달","picks":["C","A"]}');
});
