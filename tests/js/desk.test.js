/** A table's notes and its summary through cuts, edits and a second tablet. */

import assert from "node:assert/strict";
import { test } from "node:test";

import "./page.js";

const { Outbox } = await import("../../static/js/lib/outbox.js");
const { Notebook } = await import("../../static/js/screens/desk/notebook.js");
const { Summing } = await import("../../static/js/screens/desk/summary.js");
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
  assert.deepEqual(rest, { rev: 1, text: "한 문장", send: true });
  await world.answer({ status: "ok", id: 1, rev: 1 });
  assert.equal(world.summing.local.rev, 1);
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
