/** What the phone's tabs keep: results with one's own vote, and the tables' words by talk. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

Object.assign(document, { documentElement: { dataset: {} }, querySelector: () => null });
/** @type {any} */ (globalThis).localStorage = { getItem: () => null, setItem: () => {}, removeItem: () => {} };

const { Store } = await import("../../static/js/lib/store.js");
const { ballot } = await import("../../static/js/ballots/index.js");
const { openOnes, tableView, votesView, waitView } = await import("../../static/js/screens/phone/tabs.js");

await new Promise((/** @type {any} */ done) => ballot("yesno", done));

const question = (/** @type {number} */ id, more = {}) => ({ id, kind: "yesno", round: null, title: `질문${id}`, help: "", options: [], config: {},
  secret: false, changeable: true, results: "hidden", eligibility: "seats", state: "revealed", opened_at: id, revealed_at: id, ...more });
const row = (/** @type {string} */ figure) => ({ id: "yes", figure, unit: "votes", count: 1, share: "100", bar: "100", place: 1 });
const talk = (/** @type {number} */ id, /** @type {string} */ title) => ({ id, title, kind: "tables", minutes: 5, extended: 0, started_at: id, planned_at: 0 });
const day = (/** @type {string} */ state) => ({ state, starts_at: 0, current: null, speaker: null, segments: [talk(1, "첫 이야기"), talk(2, "목표와 기준")] });

/** @param {Record<string, any>} slices @param {Record<number, any>} [votes] @returns {any} */
function phone(slices, votes = {}) {
  const store = new Store();
  store.take(["e", 1, 0], { agenda: day("ended"), forum: { tables: [1, 2] }, ...slices });
  store.takeMe(/** @type {any} */ ({ seat: 1, table: 2, votes, upvoted: [], asks: [] }));
  return {
    page: { store, clock: { now: () => 0 }, boot: { code: "123456" } },
    votes: { stubs: () => [], vote: (/** @type {number} */ id) => votes[id] || null, has: () => false },
    open: () => [],
    paint: () => {},
    checked: {},
    tab: "",
  };
}

const told = { questions: [question(1), question(2), question(3, { state: "closed" })], tally: { 1: { n: 4, rows: [row("11")] }, 2: { n: 4, rows: [row("22")] } } };
const order = (/** @type {string} */ text, /** @type {string[]} */ ...parts) => parts.map((part) => text.indexOf(part));

test("every revealed result stays on the phone, the newest first, one's own vote beside it", () => {
  const text = said(votesView(phone(told, { 1: { status: "counted", rev: 1, choice: "yes" } })));
  const found = order(text, "phone.results", "질문2", "22", "질문1", "phone.own_vote", "11", "phone.receipts");
  assert.ok(found.every((at, i) => at >= 0 && (!i || at > found[i - 1])), String(found));
  assert.equal(text.split("phone.own_vote").length, 2);
  assert.doesNotMatch(text, /질문3/);
});

test("the first screen of a forum that has ended offers the results and the score page", () => {
  const text = said(waitView(phone({ ...told, score: { selection: 7, result: null } })));
  const found = order(text, "phone.now.ended", "/s/7", "질문2", "질문1", "phone.order");
  assert.ok(found.every((at, i) => at >= 0 && (!i || at > found[i - 1])), String(found));
  const late = phone({ ...told, score: null });
  late.page.store.takeMe({ ...late.page.store.me, table: null });
  assert.doesNotMatch(said(waitView(late)), /phone\.score_page|phone\.which_table/);
});

test("while the day goes on the first screen shows the newest result and the way to all", () => {
  const text = said(waitView(phone({ ...told, agenda: day("running"), score: { selection: 7, result: null } })));
  assert.match(text, /질문2/);
  assert.doesNotMatch(text, /질문1|phone\.score_page/);
  assert.match(text, /phone\.all_results/);
});

test("the phone's order counts what was added and what overran", () => {
  const at = (/** @type {number} */ minute) => new Date(2025, 9, 9, 14, minute).getTime();
  const item = (/** @type {number} */ id, /** @type {number} */ extended, /** @type {number|null} */ started_at = null) =>
    ({ ...talk(id, `순서${id}`), kind: "talk", minutes: 10, extended, started_at, ended_at: null, planned_at: at(10 * (id - 1)) });
  const agenda = { ...day("running"), starts_at: at(0), current: 1, segments: [item(1, 5, at(0)), item(2, 3), item(3, 0)] };
  const shown = (/** @type {number} */ now) => {
    const one = phone({ agenda });
    one.page.clock.now = () => at(now);
    return said(waitView(one));
  };
  const times = (/** @type {string} */ text) => [...text.matchAll(/<time>(.*?)<\/time>/g)].map((found) => found[1]);
  assert.deepEqual(times(shown(1)), ["14:00", "14:15", "14:28"]);
  assert.deepEqual(times(shown(20)), ["14:00", "14:20", "14:33"]);
  assert.match(shown(1), /<b>14:00<\/b>[^]*left_word/);
});

test("the tables' words stand once a talk under its name, the newest talk first", () => {
  const word = (/** @type {number} */ segment, /** @type {number} */ table) => ({ segment, table, text: `말 ${segment}-${table}`, sent_at: 1 });
  const text = said(tableView(phone({ summaries: [word(1, 1), word(1, 2), word(2, 1), word(2, 2)] })));
  const found = order(text, "목표와 기준", "말 2-2", "말 2-1", "첫 이야기", "말 1-2", "말 1-1");
  assert.ok(found.every((at, i) => at >= 0 && (!i || at > found[i - 1])), String(found));
  assert.doesNotMatch(text, /phone\.table_stories/);
  assert.match(said(tableView(phone({ summaries: [] }))), /phone\.table_stories[^]*phone\.no_stories/);
});

test("a question that waits is offered above every tab", () => {
  const made = phone({ questions: [question(1, { state: "open" })] });
  made.open = () => made.page.store.get("questions");
  assert.match(said(openOnes(made)), /phone\.open_now.*질문1/s);
});

test("why a table cannot be changed stands where it was chosen, with a table and without", () => {
  const at = phone({ agenda: day("running") });
  assert.match(said(tableView(at)), /phone\.table_line/);
  at.sitSaid = "바꿀 수 없어요";
  assert.match(said(tableView(at)), /live\.table[^]*바꿀 수 없어요/);
  assert.doesNotMatch(said(tableView(at)), /phone\.table_line/);
  at.page.store.takeMe({ ...at.page.store.me, table: null });
  for (const view of [tableView, waitView]) assert.match(said(view(at)), /phone\.which_table[^]*바꿀 수 없어요/);
});
