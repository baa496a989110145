/** Server time on a device whose clock is wrong, and times as they are written. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock, countdown, minutes } from "../../static/js/lib/clock.js";

test("server time is the device's time and the offset heard", () => {
  let local = 1000;
  const clock = new Clock(() => local);
  clock.sync(500000, 0);
  local = 3000;
  assert.equal(clock.now(), 502000);
});

test("half of the trip has passed since the server looked at its clock", () => {
  const clock = new Clock(() => 1000);
  clock.sync(500000, 80);
  assert.equal(clock.now(), 500040);
});

test("a reading after a slow trip does not replace a sure one", () => {
  const clock = new Clock(() => 0);
  clock.sync(100, 20);
  clock.sync(999, 4000);
  assert.equal(clock.now(), 110);
});

test("a slower reading counts once somebody has set the device's clock", () => {
  let local = 0;
  const clock = new Clock(() => local);
  clock.sync(100_000, 20);
  local += 3_600_000;
  clock.sync(105_000, 400);
  assert.equal(clock.now(), 105_200);
});

test("without the server's word the device's clock is used", () => {
  const clock = new Clock(() => 42);
  clock.sync(undefined);
  assert.equal(clock.now(), 42);
});

test("a countdown rounds up and never goes below zero", () => {
  assert.deepEqual([42000, 41001, 750000, 3900000, 0, -5000].map(countdown), ["0:42", "0:42", "12:30", "1:05:00", "0:00", "0:00"]);
});

test("lateness is in whole minutes", () => {
  assert.equal(minutes(7 * 60000 + 29000), 7);
  assert.equal(minutes(-90000), -1);
});
