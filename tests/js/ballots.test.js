/** Every kind of ballot: what is missing, what is sent, and the way back from what is stored. */

import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.js";

const kinds = await import("../../static/js/ballots/index.js");
/** @type {Record<string, any>} */
const BALLOTS = {};
for (const kind of Object.keys(kinds.BALLOTS)) BALLOTS[kind] = await kinds.BALLOTS[kind]();
const { moved, spent } = await import("../../static/js/ballots/dots.js");
const { raised, tapped } = await import("../../static/js/ballots/ranking.js");
const { columns } = await import("../../static/js/ballots/outcome.js");

const OPTIONS = ["A", "B", "C"].map((id) => ({ id, title: `후보 ${id}` }));

/** @param {string} kind @param {Record<string, any>} [config] @returns {any} */
const question = (kind, config = {}) => ({ id: 1, kind, title: "", options: kind === "yesno" ? [] : OPTIONS, config });

const CASES = [
  ["yesno", {}, { pick: "no" }, "no"],
  ["single", { abstain: true }, { pick: "B" }, "B"],
  ["single", { abstain: true }, { pick: "abstain" }, "abstain"],
  ["multiple", { max: 2, write_in: true }, { picks: ["C", "A"], other: "" }, { picks: ["C", "A"] }],
  ["multiple", { max: 2, write_in: true }, { picks: ["A"], other: " 책 배달 " }, { picks: ["A"], other: "책 배달" }],
  ["score", { min: 1, max: 5 }, { A: 4, B: 5, C: null }, { A: 4, B: 5, C: null }],
  ["ranking", {}, { order: ["C", "A"] }, ["C", "A"]],
  ["dots", { budget: 5 }, { A: 2, C: 0, B: 1 }, { A: 2, B: 1 }],
  ["dots", { budget: 5 }, {}, {}],
];

for (const [kind, config, draft, choice] of /** @type {any[]} */ (CASES)) {
  test(`${kind}: ${JSON.stringify(draft)} is ready and is sent as ${JSON.stringify(choice)}`, () => {
    const ballot = BALLOTS[kind];
    assert.equal(ballot.ready(question(kind, config), draft).ok, true);
    assert.deepEqual(ballot.choice(draft), choice);
  });

  test(`${kind}: what is stored as ${JSON.stringify(choice)} is shown and sent as the same`, () => {
    const ballot = BALLOTS[kind];
    assert.deepEqual(ballot.choice(ballot.draft(choice)), choice);
  });
}

const UNREADY = [
  ["yesno", {}, {}, "live.ready.pick_one"],
  ["single", {}, {}, "live.ready.pick_one"],
  ["multiple", { max: 2 }, { picks: [] }, "live.ready.pick_some"],
  ["multiple", { max: 2, write_in: true }, { picks: ["A", "B"], other: "x" }, "live.ready.too_many"],
  ["score", { min: 1, max: 5 }, { A: 4 }, "live.ready.score_missing"],
  ["ranking", {}, { order: [] }, "live.ready.rank_one"],
];

for (const [kind, config, draft, key] of /** @type {any[]} */ (UNREADY)) {
  test(`${kind}: ${JSON.stringify(draft)} is not ready and says ${key}`, () => {
    const state = BALLOTS[kind].ready(question(kind, config), draft);
    assert.equal(state.ok, false);
    assert.equal(state.key, key);
  });
}

test("a score names the candidates that are missing, and an abstention is an answer", () => {
  const state = BALLOTS.score.ready(question("score"), { A: null });
  assert.deepEqual(state.params, { what: "B, C" });
});

test("no draft at all is an empty ballot of every kind", () => {
  for (const kind of Object.keys(BALLOTS)) {
    const ballot = BALLOTS[kind];
    const state = ballot.ready(question(kind, { max: 2, budget: 5 }), ballot.draft(undefined));
    assert.equal(state.ok, kind === "dots", kind);
  }
});

test("only yes/no and single choice are cast by one tap", () => {
  const instant = Object.keys(BALLOTS).filter((kind) => BALLOTS[kind].instant);
  assert.deepEqual(instant, ["single", "yesno"]);
});

test("points stay within the purse, above zero and below the most of one option", () => {
  const five = question("dots", { budget: 5, per_option_max: 2 });
  assert.deepEqual(moved(five, { A: 1 }, "A", 1), { A: 2 });
  assert.deepEqual(moved(five, { A: 2 }, "A", 1), { A: 2 });
  assert.deepEqual(moved(five, { A: 1 }, "A", -1), {});
  assert.deepEqual(moved(five, {}, "B", -1), {});
  assert.deepEqual(moved(five, { A: 2, B: 2, C: 1 }, "C", 1), { A: 2, B: 2, C: 1 });
  assert.equal(spent({ A: 2, B: 1 }), 3);
});

test("a ranking grows by taps, shrinks by a second tap and moves one place up", () => {
  assert.deepEqual(tapped(["B"], "A"), ["B", "A"]);
  assert.deepEqual(tapped(["B", "A"], "B"), ["A"]);
  assert.deepEqual(raised(["B", "A", "C"], "C"), ["B", "C", "A"]);
  assert.deepEqual(raised(["B", "A"], "B"), ["B", "A"]);
});

test("a spread's columns stand in order of score, the tallest at a hundred", () => {
  assert.deepEqual(columns({ 10: 4, 2: 8, 1: 0 }), [
    { score: "1", n: 0, height: 0 },
    { score: "2", n: 8, height: 100 },
    { score: "10", n: 4, height: 50 },
  ]);
});

test("a kind is null until it has come, and is then the same at once", async () => {
  await new Promise((come) => assert.equal(kinds.ballot("ranking", () => come(null)), null));
  assert.equal(kinds.ballot("ranking"), BALLOTS.ranking);
  assert.equal(kinds.ballot("unheard"), null);
});
