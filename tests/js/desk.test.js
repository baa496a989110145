/** A table's notes and its summary through cuts, edits and a second tablet. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { said } from "./page.js";

const { Outbox } = await import("../../static/js/lib/outbox.js");
const { Notebook } = await import("../../static/js/screens/desk/notebook.js");
const { Summing } = await import("../../static/js/screens/desk/summary.js");
const { ballot } = await import("../../static/js/ballots/index.js");
const { Proxies, turns } = await import("../../static/js/screens/desk/side.js");
const { summary } = await import("../../static/js/screens/desk/views.js");
const { graphemes, roughly } = await import("../../static/js/lib/graphemes.js");

const settle = () => new Promise((done) => setImmediate(done));
const SAID = { kind: "idea", text: "하나", seat: null };

const NOWHERE = { getItem: () => null, setItem: () => {}, removeItem: () => {} };

/** A shelf as a browser has it. */
function real() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
}

/** @returns {any} */
function desk(shelf = /** @type {any} */ (NOWHERE)) {
  /** @type {any} */
  const world = { notes: [], draft: null, sent: [] };
  world.box = new Outbox({
    shelf,
    name: "desk",
    send: (event, payload) => new Promise((answer, fail) => world.sent.push({ event, payload, answer, fail })),
    settled: (entry, answer) =>
      entry.event === "summary" ? world.summing.settled(entry, answer) : world.book.settled(entry, answer),
    prepare: (entry) => (entry.event === "summary" ? world.summing.prepare(entry.payload) : world.book.prepare(entry)),
    later: () => {},
  });
  world.book = new Notebook({ name: "desk", outbox: world.box, notes: () => world.notes });
  world.summing = new Summing({ name: "sum", outbox: world.box, draft: () => world.draft, changed: () => {} });
  world.answer = async (/** @type {any} */ said) => {
    world.sent.shift().answer(said);
    await settle();
  };
  return world;
}

const shown = (/** @type {any} */ world) => world.book.lines().map((/** @type {any} */ line) => [line.text, line.fate]);

test("a note written without a line is shown as kept and sent when the line is back", async () => {
  const world = desk();
  world.book.write(SAID);
  assert.deepEqual(shown(world), [["하나", "kept"]]);
  world.box.connected(true);
  await world.answer({ status: "ok", id: 7, rev: 1 });
  assert.deepEqual(shown(world), [["하나", "sent"]]);
});

test("a note that was never sent is rewritten, not edited", () => {
  const world = desk();
  world.book.write(SAID);
  world.book.edit(world.book.lines()[0], { ...SAID, text: "고친 하나" });
  assert.deepEqual(shown(world), [["고친 하나", "kept"]]);
  assert.equal(world.box.all().length, 1);
});

test("a note that was sent before a reload is edited: the server may have the old words", () => {
  const shelf = real();
  const before = desk(shelf);
  before.box.connected(true);
  before.book.write(SAID);
  const world = desk(shelf);
  world.book.edit(world.book.lines()[0], { ...SAID, text: "고친 하나" });
  assert.deepEqual(world.box.all().map((/** @type {any} */ one) => one.event), ["note", "note_edit"]);
});

test("two tabs keep each other's acknowledged notes", () => {
  /** @type {any} */ (globalThis).localStorage = real();
  const [one, other] = [desk(), desk()];
  const entry = (/** @type {string} */ key) => ({ event: "note", at: 1, payload: { key, ...SAID } });
  one.book.settled(entry("a"), { status: "ok", id: 1, rev: 1 });
  other.book.settled(entry("b"), { status: "ok", id: 2, rev: 1 });
  one.notes = [{ id: 1, rev: 1 }];
  one.book.tidy();
  assert.deepEqual(Object.keys(desk().book.known), ["b"]);
  delete (/** @type {any} */ (globalThis).localStorage);
});

test("an edit of a note whose answer was lost waits for the note's number", async () => {
  const world = desk();
  world.box.connected(true);
  world.book.write(SAID);
  world.book.edit(world.book.lines()[0], { ...SAID, text: "둘" });
  assert.deepEqual(world.sent.map((/** @type {any} */ one) => one.event), ["note"]);
  await world.answer({ status: "ok", id: 7, rev: 1 });
  assert.deepEqual([world.sent[0].event, world.sent[0].payload.id, world.sent[0].payload.rev], ["note_edit", 7, 2]);
  assert.equal("ref" in world.sent[0].payload, false);
  assert.equal("previous" in world.sent[0].payload, false);
});

test("another tablet's words stay, and ours become a line to decide about", async () => {
  const world = desk();
  world.notes = [{ id: 7, rev: 1, kind: "idea", text: "하나", seat: null, created_at: 1, edited_at: null }];
  world.box.connected(true);
  world.book.edit(world.book.lines()[0], { ...SAID, text: "우리 말" });
  await world.answer({ status: "superseded", note: { id: 7, rev: 2, text: "다른 말" } });
  world.notes = [{ ...world.notes[0], rev: 2, text: "다른 말" }];
  assert.deepEqual(shown(world), [["다른 말", "sent"], ["우리 말", "refused"]]);
});

test("our own earlier words give way to our newer ones", async () => {
  const world = desk();
  world.notes = [{ id: 7, rev: 1, kind: "idea", text: "하나", seat: null, created_at: 1, edited_at: null }];
  world.box.connected(true);
  world.book.edit(world.book.lines()[0], { ...SAID, text: "둘" });
  await world.answer({ status: "superseded", note: { id: 7, rev: 3, text: "하나" } });
  assert.deepEqual([world.sent[0].payload.text, world.sent[0].payload.rev], ["둘", 4]);
});

test("a removed note is not shown while the removal is on its way", () => {
  const world = desk();
  world.notes = [{ id: 7, rev: 1, kind: "idea", text: "하나", seat: null, created_at: 1, edited_at: null }];
  world.book.remove(world.book.lines()[0]);
  assert.deepEqual(shown(world), []);
});

test("a refused note keeps its words on the desk with the reason", async () => {
  const world = desk();
  world.box.connected(true);
  world.book.write(SAID);
  await world.answer({ status: "refused", code: "text_too_long", message: "길어요" });
  assert.deepEqual(shown(world), [["하나", "refused"]]);
  assert.equal(world.book.lines()[0].message, "길어요");
});

test("the summary follows the server until somebody types, and a new round starts empty", () => {
  const { summing, ...world } = desk();
  summing.draft = () => ({ segment: 3, text: "처음", rev: 2, sent_at: null });
  summing.follow(3, { limit: 60 });
  assert.deepEqual([summing.local.text, summing.local.rev, summing.limit], ["처음", 2, 60]);
  summing.draft = () => null;
  summing.follow(4, {});
  assert.deepEqual([summing.local.text, summing.local.rev], ["", 0]);
  assert.equal(world.box.all().length, 0);
});

test("a summary is sent with the next rev and carries no private field", async () => {
  const world = desk();
  world.summing.follow(3, {});
  world.summing.local.text = "  한 문장  ";
  world.box.connected(true);
  world.summing.save(true);
  const { key, ...rest } = world.sent[0].payload;
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, { segment: 3, rev: 1, text: "한 문장", send: true });
  await world.answer({ status: "ok", id: 1, rev: 1 });
  assert.equal(world.summing.local.rev, 1);
});

test("a summary kept through the end of its talk is refused with its words, and the next talk's box stays its own", async () => {
  const world = desk();
  world.summing.follow(3, { limit: 60 });
  world.summing.local.text = "첫 이야기";
  world.summing.save(true);
  world.summing.follow(4, { limit: 60 });
  assert.equal(world.summing.sent, false);
  world.summing.local.text = "둘째 이야기";
  world.summing.save(false);
  world.box.connected(true);
  assert.deepEqual(world.sent.map((/** @type {any} */ one) => one.payload.segment), [3, 4]);
  await world.answer({ status: "refused", code: "segment_over", text: "첫 이야기" });
  await world.answer({ status: "ok", id: 1, rev: 1 });
  assert.deepEqual([world.summing.left, world.summing.local.text, world.summing.local.rev], ["첫 이야기", "둘째 이야기", 1]);
  world.summing.leave("");
  assert.equal(world.summing.left, "");
});

test("words typed in a talk's last second are its own, not the next one's", () => {
  const world = desk();
  world.summing.follow(3, {});
  world.summing.type("마지막 말");
  world.summing.follow(4, {});
  assert.deepEqual(world.box.all().map((/** @type {any} */ one) => [one.payload.segment, one.payload.text]), [[3, "마지막 말"]]);
  assert.equal(world.summing.local.text, "");
});

test("a summary refused after its talk stays in the box with the sentence", async () => {
  const world = desk();
  world.summing.follow(3, {});
  world.summing.local.text = "한 문장";
  world.box.connected(true);
  world.summing.save(true);
  await world.answer({ status: "refused", code: "segment_over", message: "지금은 시간이 아니에요" });
  assert.deepEqual([world.summing.local.text, world.summing.message], ["한 문장", "지금은 시간이 아니에요"]);
});

test("after the talk nothing offers to take the summary back, and the limit is the talk's", () => {
  const world = desk();
  world.draft = { segment: 3, text: "한 문장", rev: 2, sent_at: 5 };
  world.summing.follow(3, { limit: 140 });
  const shown = (/** @type {string} */ kind) => said(summary(/** @type {any} */ ({ summing: world.summing, page: { store: { segment: () => ({ kind }) } } })));
  assert.equal(world.summing.limit, 140);
  assert.match(shown("tables"), /desk\.summary_back.*desk\.retract/s);
  assert.doesNotMatch(shown("ask"), /desk\.summary_back|desk\.retract/);
  assert.match(shown("ask"), /desk\.summary_final/);
});

test("another tablet's summary is offered and does not replace what is typed", async () => {
  const world = desk();
  world.summing.follow(3, {});
  world.summing.local.text = "우리 것";
  world.box.connected(true);
  world.summing.save(false);
  await world.answer({ status: "superseded", draft: { segment: 3, text: "남의 것", rev: 5, sent_at: null } });
  assert.deepEqual([world.summing.local.text, world.summing.other, world.summing.local.rev], ["우리 것", "남의 것", 5]);
});

test("length is counted as people count it", () => {
  assert.equal(graphemes("  한글 👨‍👩‍👧 é "), 6);
  assert.equal(roughly("한글"), 2);
  assert.equal(roughly("👨‍👩‍👧"), 1);
  assert.equal(roughly("e\u0301"), 1);
});

const SECRET = { id: 9, kind: "yesno", title: "찬성하나요?", options: [], config: {}, secret: true, changeable: false, state: "open" };

/** @returns {any} */
function proxies(question = SECRET) {
  /** @type {any} */
  const at = { name: "desk", sent: [], table: 1, paint: () => {}, render: () => {},
    page: { store: { get: () => [question] }, clock: { now: () => 0 } } };
  at.outbox = { put: (/** @type {string} */ slot, /** @type {string} */ event, /** @type {any} */ payload) => at.sent.push(payload), entry: () => null };
  at.clock = 0;
  at.proxies = new Proxies(at, () => at.clock);
  return at;
}

test("a secret proxy vote is read back before it is stored for good", async () => {
  await new Promise((done) => void (ballot("yesno", () => done(null)) && done(null)));
  const at = proxies();
  at.proxies.paper = "101";
  at.proxies.draft = { pick: "yes" };
  at.proxies.cast(SECRET);
  assert.equal(at.sent.length, 0);
  assert.match(said(at.proxies.view()), /desk\.paper_n.*live\.ready\.picked.*desk\.proxy_secret/s);
  at.proxies.cast(SECRET);
  assert.equal(at.sent.length, 0, "a double press reads nothing");
  at.clock += 700;
  at.proxies.cast(SECRET);
  assert.deepEqual([at.sent[0].paper, at.sent[0].choice], [101, "yes"]);
  assert.doesNotMatch(said(at.proxies.view()), /desk\.proxy_secret/);
});

test("a double press casts a proxy vote once and finds no fault with the form it emptied", () => {
  const open = { ...SECRET, secret: false, changeable: true };
  const at = proxies(open);
  const complains = () => /desk\.paper_missing/.test(said(at.proxies.view()));
  at.proxies.paper = "101";
  at.proxies.draft = { pick: "yes" };
  at.proxies.cast(open);
  at.clock += 200;
  at.proxies.cast(open);
  assert.deepEqual([at.sent.length, complains()], [1, false]);
  at.clock += 700;
  at.proxies.cast(open);
  assert.deepEqual([at.sent.length, complains()], [1, true]);
});

test("a paper typed a second time keeps its counted vote, with the refusal beside it", () => {
  const at = proxies();
  const settled = (/** @type {any} */ answer) => at.proxies.settled({ payload: { question: 9, paper: 101, rev: 1 } }, answer);
  settled({ status: "counted", rev: 1, receipt: { code: "ERNQ" } });
  assert.match(said(at.proxies.list(SECRET)), /live\.light\.done.*ERNQ/s);
  settled({ status: "already_voted" });
  assert.match(said(at.proxies.list(SECRET)), /live\.light\.unchanged_line.*ERNQ/s);
});

test("a refusal speaks to the facilitator, not of them", () => {
  const at = proxies();
  at.proxies.settled({ payload: { question: 9, paper: 101, rev: 1 } }, { status: "already_voted" });
  assert.match(said(at.proxies.list(SECRET)), /desk\.proxy\.fail_already_voted/);
});

test("every seat that a note names can be pressed, and only counted people are called silent", () => {
  const at = (/** @type {number} */ heads, /** @type {Record<number, number>} */ spoke = {}, /** @type {number|null} */ seat = null) =>
    said(turns(/** @type {any} */ ({ heads: () => heads, said: () => spoke, notebook: { lines: () => [{ seat }] } })));
  const seats = (/** @type {string} */ text) => text.split("desk.seat_said").length - 1;
  assert.deepEqual([seats(at(0)), seats(at(6)), seats(at(6, {}, 7)), seats(at(6, { 9: 1 }))], [8, 6, 7, 9]);
  assert.match(at(3, { 1: 2 }), /desk\.ask_silent/);
  assert.doesNotMatch(at(0, { 1: 2 }), /desk\.ask_silent|desk\.not_yet/);
  assert.equal(at(3, { 1: 2 }, 8).split("desk.not_yet").length - 1, 2);
});
