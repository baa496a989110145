/** The store drops what is older and forgets another epoch. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store, compare } from "../../static/js/lib/store.js";

test("a frame that is older than the slice it brings is dropped", () => {
  const store = new Store();
  store.take(["e", 5, 3], { turnout: { voted: 9 } });
  assert.deepEqual(store.take(["e", 5, 2], { turnout: { voted: 8 } }), []);
  assert.deepEqual(store.get("turnout"), { voted: 9 });
  assert.deepEqual(store.version, ["e", 5, 3]);
});

test("each slice has a version of its own, so a late frame still brings what is new to it", () => {
  const store = new Store();
  store.take(["e", 4, 0], { agenda: "old", turnout: "old" });
  store.take(["e", 6, 0], { agenda: "new" });
  assert.deepEqual(store.take(["e", 5, 0], { agenda: "late", turnout: "late" }), ["turnout"]);
  assert.equal(store.get("agenda"), "new");
  assert.equal(store.get("turnout"), "late");
});

test("the same version again replaces the value without harm", () => {
  const store = new Store();
  store.take(["e", 1, 1], { asks: [1] });
  assert.deepEqual(store.take(["e", 1, 1], { asks: [1] }), ["asks"]);
});

test("another epoch forgets everything that was known", () => {
  const store = new Store();
  store.take(["e", 90, 9], { agenda: "before", asks: [] });
  store.take(["f", 1, 0], { agenda: "restored" });
  assert.equal(store.get("asks"), undefined);
  assert.deepEqual(store.version, ["f", 1, 0]);
});

test("listeners hear the names that changed, and nothing for a dropped frame", () => {
  const store = new Store();
  /** @type {string[][]} */
  const heard = [];
  store.subscribe((names) => heard.push(names));
  store.take(["e", 2, 0], { agenda: 1 });
  store.take(["e", 1, 0], { agenda: 0 });
  store.takeMe(/** @type {any} */ ({ seat: 3 }));
  assert.deepEqual(heard, [["agenda"], ["me"]]);
});

test("versions are compared by revision and then by batches", () => {
  assert.ok(compare(["e", 2, 0], ["e", 1, 99]) > 0);
  assert.ok(compare(["e", 2, 1], ["e", 2, 3]) < 0);
  assert.equal(compare(["e", 2, 1], ["e", 2, 1]), 0);
});

test("a question is found by its number, also when the number is text", () => {
  const store = new Store();
  store.take(["e", 1, 0], { questions: [{ id: 7, title: "x" }] });
  assert.equal(/** @type {any} */ (store.question("7")).title, "x");
  assert.equal(store.question(8), null);
});

test("a frame of a few slices does not make the others new", () => {
  const store = new Store();
  store.take(["e", 9, 4], { questions: [], turnout: {} });
  store.take(["e", 10, 5], { turnout: { 1: {} } });
  assert.deepEqual(store.version, ["e", 10, 5]);
  assert.deepEqual(store.whole(), ["e", 9, 4]);
});

test("trouble with saving is said until its word runs out", () => {
  const store = new Store();
  assert.equal(store.trouble(0), "");
  store.take(["e", 1, 0], { trouble: { reason: "disk_full", until: 100 } });
  assert.equal(store.trouble(99), "disk_full");
  assert.equal(store.trouble(100), "");
  store.take(["e", 1, 0], { trouble: { reason: null, until: 0 } });
  assert.equal(store.trouble(0), "");
});
