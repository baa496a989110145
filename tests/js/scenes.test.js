/** What the stage says, by the state of the question, of the tables and of the day. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

const { Store } = await import("../../static/js/lib/store.js");
const { sceneOf } = await import("../../static/js/screens/scenes.js");
const { scoreView } = await import("../../static/js/screens/phone/score.js");
const { facts, control, views } = await import("../../static/js/screens/console/deck.js");
const { health, room } = await import("../../static/js/screens/console/room.js");

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

/** Whoever is away has been so for long. */
const GONE = { least: (/** @type {number} */ n) => n };

/** @param {Record<string, any>} slices @param {any} [hand] */
const desk = (slices, hand = null) =>
  /** @type {any} */ ({ page: { store: store({ room: {}, forum: { tables: [1] }, ...slices }), state: { line: "connected", since: 0 }, clock: { now: () => 0 } }, away: GONE,
    question: () => hand, questions: () => slices.questions || [], planless: () => false, step: () => {}, said: "", hold: { expect: () => {}, on: () => ({}), resting: () => false },
    deed: () => ({ name: "next//1", word: "", line: "" }) });

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
});

test("the wall of summaries is headed with the name of its own talk", () => {
  const talk = (/** @type {number} */ id, /** @type {string} */ title) => ({ id, title, kind: "tables", started_at: id });
  const at = (/** @type {number} */ current) =>
    stage({ summaries: [], agenda: { state: "running", current, segments: [talk(1, "모둠 이야기"), talk(2, "목표와 기준")] } }, "summaries");
  assert.match(at(1), /<h1[^]*모둠 이야기/);
  assert.match(at(2), /목표와 기준/);
  assert.doesNotMatch(at(2), /모둠 이야기|stage\.summaries"/);
  assert.match(at(3, 9), /stage\.no_summaries/);
});

/** @param {string} id @param {number} rank @param {string[]} points @param {number} sheets */
const scored = (id, rank, [sympathy, live, panel, total], sheets) => ({ id, rank, facts: { panel: { sheets } },
  sympathy: { display: sympathy }, live: { display: live }, panel: { display: panel }, total: { display: total } });

/** @param {any[]} candidates @param {any} [decision] */
const board = (candidates, decision) => stage({ score: { candidates, weights: {}, decision,
  result: { candidates, decided_by: "total", margin: null, sensitivity: {}, panel: { seats: 5, quorum: 4 } } } }, "score");

test("the stage says that fewer sheets than the quorum are in, and of whom where not of all", () => {
  const [one, two] = [["25.00", "20.00", "41.00", "86.00"], ["20.00", "20.00", "41.00", "81.00"]];
  assert.match(board([scored("A", 1, one, 1), scored("B", 2, two, 1)]), /<strong>live\.score\.short/);
  assert.match(board([scored("A", 1, one, 1), scored("B", 2, two, 1)], { departs: false }), /live\.score\.short/);
  assert.match(board([scored("A", 1, one, 3), scored("B", 2, two, 4)]), /<strong>A: live\.score\.short/);
  assert.doesNotMatch(board([scored("A", 1, one, 4), scored("B", 2, two, 5)]), /live\.score\.short/);
});

test("a phone says why points do not add up where they do not", () => {
  const shown = (/** @type {boolean} */ rounded) => said(scoreView({ candidates: [], weights: {}, rounded, result: { candidates: [scored("A", 1, ["9.38", "19.19", "37.00", "65.56"], 5)], sensitivity: {}, panel: { seats: 5, quorum: 4 } } }));
  assert.match(shown(true), /live\.score\.rounded/);
  assert.doesNotMatch(shown(false), /live\.score\.rounded/);
});

test("the stage's coming items begin later by what was added and by what overran", () => {
  const at = (/** @type {number} */ minute) => new Date(2025, 9, 9, 14, minute).getTime();
  const item = (/** @type {number} */ id, /** @type {number} */ extended, /** @type {number|null} */ started_at = null) =>
    ({ id, kind: "talk", title: `순서${id}`, prompt: "", minutes: 10, extended, question: null, started_at, ended_at: null, planned_at: at(10 * (id - 1)) });
  const agenda = { state: "running", starts_at: at(0), current: 1, speaker: null, segments: [item(1, 5, at(0)), item(2, 3), item(3, 0)] };
  const coming = (/** @type {number} */ now) =>
    [...stage({ agenda }, "agenda", { now: at(now) }).matchAll(/<time>(.*?)<\/time><span>(.*?)</g)].map((found) => found.slice(1).join(" "));
  assert.deepEqual(coming(1), ["14:15 순서2", "14:28 순서3"]);
  assert.deepEqual(coming(20), ["14:20 순서2", "14:33 순서3"]);
});

test("after the end nobody is invited in", () => {
  const ended = { agenda: { state: "ended", segments: [], current: null } };
  assert.match(stage({}, "waiting"), /stage\.no_phone.*QR/s);
  assert.doesNotMatch(stage(ended, "waiting"), /QR|stage\.no_phone/);
});

test("a console says that nothing can be saved before anything else", () => {
  const at = (/** @type {number} */ until) =>
    health(/** @type {any} */ ({ away: GONE, page: { store: store({ room: {}, trouble: { reason: "disk_full", until } }), state: { line: "connected", since: 0 }, clock: { now: () => 10 } } }));
  assert.deepEqual(at(11), { bad: true, title: "console.health.not_saving", line: "console.trouble.disk_full" });
  assert.equal(at(10).bad, false);
});

test("people who went home are no alarm, and the console says that it is over", () => {
  const at = (/** @type {string} */ state) => desk({ room: { checked_in: 10, open: 0, connected: 1 }, agenda: { state, segments: [], current: null } });
  assert.equal(health(at("running")).bad, true);
  assert.equal(health(at("ended")).bad, false);
  assert.match(said(control(at("ended"))), /console\.ended/);
  assert.match(said(control(at("before"))), /console\.not_started/);
});

test("one or two phones that are away are not many", () => {
  const gone = (/** @type {number} */ n) => health(desk({ room: { checked_in: n, open: 0, connected: 0 } }));
  assert.equal(gone(3).bad, true);
  assert.deepEqual(gone(2), { bad: false, title: "console.health.fine", line: "console.health.gone" });
});

test("what is on the stage has the name of what it shows", () => {
  const name = (/** @type {string} */ scene, /** @type {string} */ state) => {
    const one = desk({ questions: [{ ...QUESTION, state }], stage: { scene, question: 1, blank: false } });
    const next = { next: () => ({ scene: "join", question: null }), lacks: () => false, early: () => false, qrLive: () => "", qrNext: () => "", host: "" };
    return (said(views(Object.assign(one, next))).match(/<small>console\.scene\.(\w+)/) || [])[1];
  };
  assert.deepEqual([name("question", "draft"), name("points", "draft"), name("question", "open")], ["agenda", "summaries", "question"]);
});

test("a press during the rest does nothing and the button says so", () => {
  const one = desk({});
  assert.match(said(control(one)), /aria-disabled=false/);
  one.hold.resting = () => true;
  assert.match(said(control(one)), /resting.*aria-disabled=true/s);
});

test("the ballots in the box are those of a named vote, or are not spoken of", () => {
  const questions = [{ ...QUESTION, state: "revealed", opened_at: 1, revealed_at: 2 }];
  const turnout = { 1: { voted: 40, entitled: 48, channels: { phone: 40 } } };
  assert.match(said(room(desk({ questions, turnout }))), /console\.voted<small>모둠 이야기<\/small><\/dt>\s*<dd>40/);
  assert.doesNotMatch(said(room(desk({ questions: [{ ...QUESTION, state: "draft" }] }))), /console\.voted/);
});

test("a revealed question can be brought back on the stage, any other cannot", () => {
  const list = (/** @type {string} */ state) => said(room(desk({ questions: [{ ...QUESTION, state }, { ...QUESTION, id: 2, state: "draft" }] })));
  assert.equal(count(list("revealed"), "console.result_show"), 1);
  assert.doesNotMatch(list("closed"), /console\.result_show/);
});

test("where anyone may vote the console counts who came in by the code", () => {
  const facts = (/** @type {string} */ eligibility, entitled = 0) => said(room(desk({ room: { entitled, open: 1 }, questions: [{ ...QUESTION, eligibility }] })));
  assert.match(facts("open"), /console\.entitled_open<small>.*?<dd>1</s);
  assert.doesNotMatch(facts("open"), /console\.entitled</);
  assert.match(facts("open", 48), /console\.entitled<.*<dd>48<.*console\.entitled_open<.*<dd>49</s);
  assert.match(facts("seats"), /console\.entitled<.*?<dd>0</s);
  assert.doesNotMatch(facts("seats"), /console\.entitled_open/);
});
