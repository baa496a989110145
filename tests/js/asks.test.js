/** Questions from the floor: tickets decide the order, and open participation is named. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { andOpen, byVotes } from "../../static/js/lib/asks.js";

const ask = (/** @type {number} */ id, /** @type {number} */ upvotes, /** @type {number} */ open) =>
  /** @type {any} */ ({ id, upvotes, open });

test("a thousand who typed the code do not pass one ticket", () => {
  const order = [ask(1, 0, 1000), ask(2, 1, 0), ask(3, 1, 5), ask(4, 0, 1000)].sort(byVotes);
  assert.deepEqual(order.map((one) => one.id), [3, 2, 1, 4]);
});

test("open participation is named beside the number, and only where there is some", () => {
  assert.equal(andOpen(ask(1, 3, 0)), "");
  assert.match(andOpen(ask(1, 3, 7)), /^ \+ .+/);
});
