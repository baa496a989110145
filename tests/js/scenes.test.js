/** What the stage says, by the state of the question, of the tables and of the day. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

const { Store } = await import("../../static/js/lib/store.js");
const { sceneOf } = await import("../../static/js/screens/scenes.js");
const { facts, control } = await import("../../static/js/screens/console/deck.js");
const { health } = await import("../../static/js/screens/console/room.js");

const QUESTION = { id: 1, kind: "dots", round: "first", title: "모둠 이야기", help: "", options: [{ id: "t1", title: "밤 도서관", table: 1 }],
  config: { budget: 5 }, secret: false, changeable: true, results: "hidden", eligibility: "seats", state: "open", closes_at: null, reopens: null };

/** @param {Record<string, any>} slices */
function store(slices) {
  const known = new Store();
  known.take(["e", 1, 0], { agenda: { state: "running", starts_at: 0, current: null, segments: [], speaker: null }, ...slices });
  return known;
}

/** @param {Record<string, any>} slices @param {string} scene @param {any} [more] */
const stage = (slices, scene, more = {}) =>
  said(sceneOf({ scene, question: 1 }, { store: store(slices), now: 0, page: 0, qr: () => "QR", host: "forum.kr", ...more }).body);

const count = (/** @type {string} */ text, /** @type {string} */ word) => text.split(word).length - 1;

test("a draft is on no stage but the one that comes next", () => {
  const segment = { id: 7, kind: "question", title: "첫 투표", prompt: "", minutes: 5, extended: 0, question: 1, started_at: 0, ended_at: null, planned_at: 0 };
  const slices = { questions: [{ ...QUESTION, state: "draft" }], agenda: { state: "running", starts_at: 0, current: 7, segments: [segment], speaker: null } };
  assert.match(stage(slices, "question"), /첫 투표/);
  assert.doesNotMatch(stage(slices, "question"), /모둠 이야기/);
  assert.match(stage(slices, "question", { drafts: true }), /모둠 이야기/);
});

test("no order outlives the vote, and the stage says once that it is closed", () => {
  assert.match(stage({ questions: [QUESTION] }, "question"), /stage\.dots_how/);
  const closed = stage({ questions: [{ ...QUESTION, state: "closed" }] }, "question");
  assert.doesNotMatch(closed, /stage\.dots_how|stage\.changeable/);
  assert.equal(count(closed, "live.state.closed"), 1);
  assert.match(closed, /stage\.reveal_soon/);
  assert.doesNotMatch(stage({ questions: [{ ...QUESTION, state: "revealed" }] }, "question"), /live\.state\.closed|stage\.reveal_soon/);
});

test("the seal of the votes is on stage from the close until the reveal", () => {
  const root = "0123456789abcdef";
  const at = (/** @type {string} */ state) => stage({ questions: [{ ...QUESTION, state }], turnout: { 1: { voted: 1, entitled: 2, channels: {}, root } } }, "question");
  assert.match(at("closed"), /stage\.seal/);
  assert.doesNotMatch(at("open"), /stage\.seal/);
  assert.doesNotMatch(at("revealed"), /stage\.seal/);
  assert.doesNotMatch(stage({ questions: [{ ...QUESTION, state: "closed" }] }, "question"), /stage\.seal/);
});

test("the console says of a question only what still holds", () => {
  const said = (/** @type {string} */ state) => facts(/** @type {any} */ ({ ...QUESTION, state }));
  assert.match(said("open"), /fact\.changeable.*fact\.hidden/);
  assert.match(said("closed"), /fact\.hidden/);
  assert.doesNotMatch(said("closed"), /changeable/);
  assert.doesNotMatch(said("revealed"), /changeable|hidden/);
});

test("counted votes carry their unit beside the figure and not above the rows", () => {
  const row = { id: "yes", figure: "3", unit: "votes", count: 3, share: "100", bar: "100", place: 1 };
  const slices = { questions: [{ ...QUESTION, kind: "yesno", options: [], state: "revealed" }], tally: { 1: { n: 3, rows: [row] } } };
  assert.doesNotMatch(stage(slices, "reveal"), /stage\.measure/);
});

test("an empty floor is asked for questions once", () => {
  assert.equal(count(stage({ asks: [] }, "asks"), "stage.no_asks"), 1);
  assert.doesNotMatch(stage({ asks: [] }, "asks"), /stage\.asks_n/);
});

test("a new table talk begins with no summary, and the last talk's stay until then", () => {
  const talk = (/** @type {number} */ id, /** @type {string} */ kind, /** @type {number|null} */ started_at) => ({ id, kind, started_at });
  const told = [{ segment: 1, table: 1, text: "첫 이야기", sent_at: 1 }];
  const at = (/** @type {number} */ current, /** @type {number|null} */ began) =>
    stage({ summaries: told, agenda: { state: "running", current, segments: [talk(1, "tables", 0), talk(2, "ask", 5), talk(3, "tables", began)] } }, "summaries");
  assert.match(at(2, null), /첫 이야기/);
  assert.doesNotMatch(at(3, 9), /첫 이야기/);
  assert.match(at(3, 9), /stage\.no_summaries/);
});

test("after the end nobody is invited in", () => {
  const ended = { agenda: { state: "ended", segments: [], current: null } };
  assert.match(stage({}, "waiting"), /stage\.no_phone.*QR/s);
  assert.doesNotMatch(stage(ended, "waiting"), /QR|stage\.no_phone/);
});

test("a console says that nothing can be saved before anything else", () => {
  const at = (/** @type {number} */ until) =>
    health(/** @type {any} */ ({ page: { store: store({ room: {}, trouble: { reason: "disk_full", until } }), state: { line: "connected", since: 0 }, clock: { now: () => 10 } } }));
  assert.deepEqual(at(11), { bad: true, title: "console.health.not_saving", line: "console.trouble.disk_full" });
  assert.equal(at(10).bad, false);
});

test("people who went home are no alarm, and the console says that it is over", () => {
  const room = { checked_in: 10, open: 0, connected: 1 };
  const desk = (/** @type {string} */ state) =>
    /** @type {any} */ ({ page: { store: store({ room, agenda: { state, segments: [], current: null } }), state: { line: "connected", since: 0 }, clock: { now: () => 0 } },
      question: () => null, planless: () => false, hold: { expect: () => {}, on: () => ({}), resting: () => false }, deed: () => ({ name: "ended", word: "", line: "" }) });
  assert.equal(health(desk("running")).bad, true);
  assert.equal(health(desk("ended")).bad, false);
  assert.match(said(control(desk("ended"))), /console\.ended/);
  assert.match(said(control(desk("before"))), /console\.not_started/);
});
