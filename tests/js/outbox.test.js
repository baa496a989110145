/** The outbox keeps an entry, its key and its order until a final answer comes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, isFinal, wait } from "../../static/js/lib/outbox.js";

class Shelf {
  constructor() {
    /** @type {Map<string, string>} */
    this.kept = new Map();
  }
  /** @param {string} key */
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.kept.set(key, value);
  }
  /** @param {string} key */
  removeItem(key) {
    this.kept.delete(key);
  }
}

/** An outbox with a clock of its own, whose answers the test gives. */
function made(shelf = new Shelf(), prepare = undefined) {
  /** @type {any} */
  const world = { at: 0, timers: [], sent: [], settled: [], shelf };
  world.box = new Outbox({
    shelf,
    name: "box",
    send: (event, payload) =>
      new Promise((answer, fail) => world.sent.push({ event, payload, answer, fail })),
    settled: (entry, answer) => world.settled.push([entry.slot, answer.status]),
    prepare,
    now: () => world.at,
    random: () => 1,
    later: (run, ms) => world.timers.push({ due: world.at + ms, run }),
  });
  world.pass = async (/** @type {number} */ ms) => {
    world.at += ms;
    const due = world.timers.filter((/** @type {any} */ one) => one.due <= world.at);
    world.timers = world.timers.filter((/** @type {any} */ one) => one.due > world.at);
    due.forEach((/** @type {any} */ one) => one.run());
    await settle();
  };
  return world;
}

const settle = () => new Promise((done) => setImmediate(done));

test("an entry is on the shelf before it is sent", () => {
  const world = made();
  world.box.put("vote:1", "vote", { key: "k1", choice: "yes" });
  assert.deepEqual(world.sent, []);
  assert.equal(JSON.parse(world.shelf.getItem("box"))[0].payload.key, "k1");
  assert.equal(world.box.entry("vote:1").state, "kept");
});

test("the same key is sent again by a page that was loaded anew", async () => {
  const shelf = new Shelf();
  made(shelf).box.put("vote:1", "vote", { key: "k1" });
  const world = made(shelf);
  world.box.connected(true);
  assert.deepEqual(world.sent.map((/** @type {any} */ one) => one.payload.key), ["k1"]);
});

test("a final answer clears the entry and is told once", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  world.sent[0].answer({ status: "counted" });
  await settle();
  assert.deepEqual(world.settled, [["vote:1", "counted"]]);
  assert.equal(world.shelf.getItem("box"), null);
});

test("without an answer it is sent again after 3, 6, 12 and then every 15 seconds", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  for (const [i, seconds] of [3, 6, 12, 15, 15].entries()) {
    world.sent[i].fail(new Error("no answer"));
    await settle();
    await world.pass(seconds * 1000 - 1);
    assert.equal(world.sent.length, i + 1, `not before ${seconds} s`);
    await world.pass(2);
    assert.equal(world.sent.length, i + 2, `after ${seconds} s`);
  }
  assert.deepEqual(new Set(world.sent.map((/** @type {any} */ one) => one.payload.key)), new Set(["k1"]));
});

test("jitter is full: any moment up to the whole wait", () => {
  assert.equal(wait(1, () => 0), 0);
  assert.equal(wait(2, () => 0.5), 3000);
  assert.equal(wait(99, () => 1), 15000);
});

test("busy is not final, and its retry_after is obeyed", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  world.sent[0].answer({ status: "busy", retry_after: 4 });
  await settle();
  assert.equal(world.box.entry("vote:1").state, "busy");
  await world.pass(3999);
  assert.equal(world.sent.length, 1);
  await world.pass(2100);
  assert.equal(world.sent.length, 2);
  assert.deepEqual(world.settled, []);
});

test("a refusal for haste waits as its details say; another refusal is final", () => {
  assert.equal(isFinal({ status: "refused", code: "too_many", details: { retry_after: "2" } }), false);
  assert.equal(isFinal({ status: "refused", code: "text_empty" }), true);
  assert.equal(isFinal({ status: "closed" }), true);
});

test("an answer to an older entry does not clear the newer one in its slot", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1", rev: 1 });
  world.box.put("vote:1", "vote", { key: "k2", rev: 2 });
  world.sent[0].answer({ status: "counted" });
  await settle();
  assert.equal(world.box.entry("vote:1").payload.key, "k2");
});

test("when the line comes back, what waited goes at once", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("note:a", "note", { key: "a" });
  world.sent[0].fail(new Error("gone"));
  await settle();
  world.box.connected(false);
  assert.equal(world.box.entry("note:a").state, "kept");
  world.at += 60000;
  world.box.connected(true);
  assert.equal(world.sent.length, 2);
});

test("a clock that was set back holds nothing up", async () => {
  const world = made();
  world.at = 60_000;
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  world.sent[0].fail(new Error("no answer"));
  await settle();
  world.at -= 10_000;
  world.timers.forEach((/** @type {any} */ one) => one.run());
  assert.equal(world.sent.length, 2);
});

test("when the line comes back, no clock keeps what waited for its turn", async () => {
  const world = made();
  world.at = 60_000;
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  world.sent[0].fail(new Error("no answer"));
  await settle();
  world.at -= 10_000;
  world.box.connected(false);
  world.box.connected(true);
  assert.equal(world.sent.length, 2);
});

test("two tabs on one shelf keep each other's entries", async () => {
  const shelf = new Shelf();
  const [one, other] = [made(shelf), made(shelf)];
  one.box.put("vote:1", "vote", { key: "k1" });
  other.box.put("vote:2", "vote", { key: "k2" });
  one.box.connected(true);
  one.sent[0].answer({ status: "counted" });
  await settle();
  assert.deepEqual(made(shelf).box.all().map((/** @type {any} */ entry) => entry.slot), ["vote:2"]);
});

test("an answer to one tab does not take the other tab's later entry off the shelf", async () => {
  const shelf = new Shelf();
  const one = made(shelf);
  one.box.put("vote:1", "vote", { key: "k1", rev: 1 });
  made(shelf).box.put("vote:1", "vote", { key: "k2", rev: 2 });
  one.box.connected(true);
  one.sent[0].answer({ status: "counted" });
  await settle();
  assert.deepEqual(made(shelf).box.all().map((/** @type {any} */ entry) => entry.payload.key), ["k2"]);
});

test("a page that was loaded anew knows what was sent already", () => {
  const shelf = new Shelf();
  const world = made(shelf);
  world.box.put("note:a", "note", { key: "a" });
  assert.equal(made(shelf).box.entry("note:a").tries, 0);
  world.box.connected(true);
  assert.equal(made(shelf).box.entry("note:a").tries, 1);
});

test("at most four are on their way at once, in the order they were written", async () => {
  const world = made();
  for (const n of [1, 2, 3, 4, 5, 6]) world.box.put(`note:${n}`, "note", { key: `${n}` });
  world.box.connected(true);
  assert.deepEqual(world.sent.map((/** @type {any} */ one) => one.payload.key), ["1", "2", "3", "4"]);
  world.sent[0].answer({ status: "ok" });
  await settle();
  assert.equal(world.sent[4].payload.key, "5");
});

test("an entry that cannot be completed yet is held back and does not block the others", () => {
  const world = made(new Shelf(), (/** @type {any} */ entry) => (entry.slot === "edit:a" ? null : entry.payload));
  world.box.put("edit:a", "note_edit", { key: "e" });
  world.box.put("note:b", "note", { key: "b" });
  world.box.connected(true);
  assert.deepEqual(world.sent.map((/** @type {any} */ one) => one.payload.key), ["b"]);
});

test("a broken shelf starts empty", () => {
  const shelf = new Shelf();
  shelf.setItem("box", "{not json");
  assert.deepEqual(made(shelf).box.all(), []);
});

test("an older timer does not cut a newer wait short", async () => {
  const world = made();
  world.box.connected(true);
  world.box.put("vote:1", "vote", { key: "k1" });
  world.sent[0].fail(new Error("lost"));
  await settle();
  world.box.connected(false);
  world.box.connected(true);
  world.sent[1].answer({ status: "busy", retry_after: 30 });
  await settle();
  await world.pass(5_000);
  assert.equal(world.sent.length, 2);
  await world.pass(60_000);
  assert.equal(world.sent.length, 3);
});
