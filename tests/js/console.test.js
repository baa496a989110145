/** The run of show as the console forecasts it, and what could be shortened. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

const { forecast } = await import("../../static/js/lib/agenda.js");
const { long, row, savings } = await import("../../static/js/screens/console/plan.js");
const { about, focus, lastAsked } = await import("../../static/js/screens/console/focus.js");
const { Hold } = await import("../../static/js/screens/console/hold.js");
const { load } = await import("../../static/js/lib/words.js");
const { Lasting } = await import("../../static/js/screens/console/room.js");
const { keysIn } = await import("../../static/js/screens/join.js");
const { absence, pause } = await import("../../static/js/lib/socket.js");
const { standings } = await import("../../static/js/lib/scoreboard.js");
const { canonical } = await import("../../static/js/screens/phone/votes.js");

const MIN = 60000;

/** Percent, as the server says it of each kind. @type {Record<string, number>} */
const SPARE = { talk: 30, tables: 20, ask: 50, break: 50 };

/** @param {[string, number, number|null, number|null][]} items  kind, minutes, started, ended (minutes) */
function agenda(items, current = 2) {
  let planned = 0;
  const segments = items.map(([kind, minutes, started, ended], i) => {
    const one = { id: i + 1, kind, title: kind, prompt: "", minutes, extended: 0, spare: SPARE[kind] || 0, question: null, facts: {},
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

test("minutes that were added to what runs or comes move what comes after", () => {
  const run = agenda([["talk", 10, 0, null], ["tables", 30, null, null], ["break", 10, null, null]], 1);
  run.segments[0].extended = 5;
  run.segments[1].extended = -10;
  assert.deepEqual(forecast(run, 2 * MIN), { starts: { 1: 0, 2: 15 * MIN, 3: 35 * MIN }, late: 5 * MIN });
});

test("breaks are shortened first; votes and candidates have nothing to spare", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["talk", 15, null, null], ["question", 9, null, null], ["break", 12, null, null], ["pitch", 15, null, null], ["ask", 10, null, null]]);
  assert.deepEqual(savings(run, 9).map(({ segment, by }) => [segment.id, by]), [[5, 6], [7, 5], [3, 4]]);
});

test("a saving once taken is not offered again, and what was added can be taken back", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["break", 12, null, null], ["question", 9, null, null]]);
  run.segments[2].extended = -6;
  assert.deepEqual(savings(run, 9), []);
  run.segments[3].extended = 5;
  assert.deepEqual(savings(run, 9).map(({ segment, by }) => [segment.id, by]), [[4, 5]]);
});

test("no more is saved than is late", () => {
  const run = agenda([["talk", 10, 0, 10], ["tables", 30, 10, null], ["break", 12, null, null]]);
  assert.deepEqual(savings(run, 2).map(({ by }) => by), [2]);
});

/** @param {Record<number, string>} states  @param {Record<number, object>} [more] */
const asked = (states, more = {}) =>
  /** @type {any[]} */ (Object.entries(states).map(([id, state]) => ({ id: Number(id), state, reopens: null, closed_at: null, revealed_at: null, ...more[Number(id)] })));

/** The second item runs since minute ten, and question 2 is its own. */
const running = () => {
  const run = agenda([["talk", 10, 0, 10], ["question", 10, 10, null], ["talk", 5, null, null]]);
  run.segments[1].question = 2;
  return run;
};

/** @param {any[]} questions @param {any} run @param {number|null} [chosen] */
const focused = (questions, run, chosen = null) => (focus({ questions, agenda: run, chosen }) || { id: null }).id;

test("an open vote is on the button of every tab, whatever item runs", () => {
  for (const state of ["open", "closing"]) {
    assert.equal(focused(asked({ 1: "revealed", 2: "draft", 5: state }), running()), 5);
    assert.equal(focused(asked({ 2: "revealed", 5: state }), running()), 5);
    assert.equal(focused(asked({ 2: "revealed", 5: state }), { ...running(), state: "before", current: null }), 5);
  }
  assert.equal(focused(asked({ 1: "open", 2: "open" }), running()), 2);
});

test("a revealed question chosen by hand gives way to an open vote, one still to be done does not", () => {
  assert.equal(focused(asked({ 2: "revealed", 4: "revealed", 5: "open" }), running(), 4), 5);
  assert.equal(focused(asked({ 2: "revealed", 4: "revealed", 5: "open" }), { state: "before", segments: [] }, 4), 5);
  assert.equal(focused(asked({ 2: "revealed", 4: "draft", 5: "open" }), running(), 4), 4);
  assert.equal(focused(asked({ 2: "draft", 4: "revealed" }), running(), 4), 4);
});

test("a vote closed during this item waits on the button for its reveal", () => {
  const closed = (/** @type {number} */ minute) => asked({ 2: "revealed", 5: "closed" }, { 5: { closed_at: minute * MIN } });
  assert.equal(focused(closed(12), running()), 5);
  assert.equal(focused(closed(8), running()), 2);
});

test("a vote that is asked again gives its place to the new one", () => {
  const again = asked({ 2: "closed", 5: "closed", 6: "draft", 7: "draft" }, { 2: { closed_at: 11 * MIN }, 5: { closed_at: 12 * MIN }, 6: { reopens: 5 }, 7: { reopens: 2 } });
  assert.equal(focused(again, running()), 7);
});

test("without a plan the button goes from question to question", () => {
  const plan = { state: "before", segments: [] };
  assert.equal(focused(asked({ 1: "revealed", 2: "closed", 3: "draft" }), plan), 2);
  assert.equal(focused(asked({ 1: "revealed", 3: "draft" }), plan), 3);
  assert.equal(focused(asked({ 1: "revealed", 2: "revealed" }, { 1: { revealed_at: 9 }, 2: { revealed_at: 4 } }), plan), 1);
  assert.equal(focused([], null), null);
});

test("after a step the button rests, and its first drawing is no step", () => {
  let now = 0;
  const hold = new Hold(() => {}, () => now);
  hold.expect("next//1");
  assert.equal(hold.resting(), false);
  hold.expect("next//1");
  assert.equal(hold.resting(), false);
  hold.expect("next//2");
  assert.equal(hold.resting(), true);
  now = 699;
  assert.equal(hold.resting(), true);
  now = 700;
  assert.equal(hold.resting(), false);
  hold.rest();
  assert.equal(hold.resting(), true);
});

test("a hold ends when the button means something else, a hold beside it does not", () => {
  Object.assign(globalThis, { requestAnimationFrame: () => 1, cancelAnimationFrame: () => {} });
  const button = { getAttribute: () => "false", style: { setProperty: () => {} } };
  const hold = new Hold(() => {}, () => 0);
  const press = (/** @type {string} */ deed) => hold.press(/** @type {any} */ ({ currentTarget: button }), deed, () => {});
  press("close/1");
  hold.expect("reveal/1");
  assert.equal(hold.button, null);
  press("reopen/1");
  hold.expect("reveal/1", "reopen/1");
  assert.equal(hold.button, button);
  hold.expect("reveal/1");
  assert.equal(hold.button, null);
});

test("a result is that of the vote in hand, else the last that was revealed", () => {
  const all = asked({ 1: "revealed", 2: "revealed", 3: "closed", 4: "draft" }, { 1: { revealed_at: 9, opened_at: 1 }, 2: { revealed_at: 5, opened_at: 2 }, 3: { opened_at: 3, kind: "dots" }, 4: { kind: "dots" } });
  const id = (/** @type {string} */ scene, /** @type {number|null} */ hand) => (about(scene, all, all.find((one) => one.id === hand) || null) || { id: null }).id;
  assert.deepEqual([id("reveal", null), id("reveal", 4), id("reveal", 3), id("reveal", 2)], [1, 1, 3, 2]);
  assert.deepEqual([id("question", null), id("question", 4)], [null, 4]);
  assert.deepEqual([id("points", null), id("points", 4), id("points", 1)], [3, 4, 3]);
  assert.deepEqual([id("join", 3), id("agenda", 3)], [null, null]);
  assert.equal(about("reveal", all.slice(2), null), null);
});

test("the ballots are those of the vote in hand, else of the last that was opened", () => {
  const all = asked({ 1: "revealed", 2: "closed", 3: "draft" }, { 1: { opened_at: 9 }, 2: { opened_at: 5 } });
  assert.deepEqual([lastAsked(all, null), lastAsked(all, all[1]), lastAsked(all, all[2])], [all[0], all[1], all[0]]);
  assert.equal(lastAsked(all.slice(2), null), null);
});

test("an item that is expected early is said to be, like one that is late", () => {
  const run = agenda([["talk", 10, 0, 2], ["talk", 10, 2, null], ["break", 10, null, null]]);
  const words = (/** @type {number} */ start) => said(row(run, run.segments[2], 2, 1, start * MIN));
  assert.match(words(12), /console\.expected/);
  assert.match(words(25), /console\.expected/);
  assert.match(words(20), /live\.minutes/);
});

test("from sixty minutes on there are hours", () => {
  load({ "live.minutes": { other: "{n}분" }, "console.hours": { other: "{n}시간" } }, "ko");
  assert.deepEqual([1, 59, 60, 61, 1619].map(long), ["1분", "59분", "1시간", "1시간 1분", "26시간 59분"]);
  load({}, "ko");
});

test("only what lasts ten seconds is said of phones that are away", () => {
  const away = new Lasting();
  assert.deepEqual([away.least(3, 0), away.least(3, 9999), away.least(3, 10000)], [0, 0, 3]);
  assert.deepEqual([away.least(5, 10500), away.least(5, 20499), away.least(5, 20500)], [3, 3, 5]);
  assert.deepEqual([away.least(1, 21000), away.least(4, 22000), away.least(4, 32000)], [1, 1, 4]);
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

test("a server that restarts gets its phones back at different moments, soon", () => {
  assert.equal(absence("restart", 15, () => 0), 0);
  assert.equal(absence("restart", 15, () => 1), 15);
  assert.equal(absence("too_many", 30, () => 0), 30.5);
  assert.equal(absence("too_many", 30, () => 1), 60.5);
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
