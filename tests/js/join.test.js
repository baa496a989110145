/** A ticket is kept until the server has answered it, and takes no seat away unasked. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "./page.js";

/** @type {Map<string, string>} */
const kept = new Map();
/** @type {any} */
const world = globalThis;
world.localStorage = {
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  removeItem: (/** @type {string} */ key) => kept.delete(key),
};
world.location = { hash: "", pathname: "/f/123456", search: "" };
world.history = { replaceState: () => (world.location.hash = "") };

const { enter, holder, renew } = await import("../../static/js/screens/join.js");

const SEAT = { status: "ok", token: "t1", seat: 7, expires: 9 };
const HELD = { status: "refused", code: "seat_held", message: "12번" };

/** A phone whose server gives these answers in turn; an Error is an answer that was lost. */
function phone(/** @type {any[]} */ answers, /** @type {boolean} */ yes = true, token = "") {
  /** @type {any} */
  const made = { sent: [], said: [], asked: [], paused: 0 };
  made.page = {
    boot: { code: "123456", me: { role: token ? "seated" : "visitor" }, token },
    line: {
      token,
      post: async (/** @type {string} */ event, /** @type {any} */ body) => {
        made.sent.push(body);
        made.onShelf = kept.get("th:123456:ticket");
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  };
  made.door = {
    say: (/** @type {string} */ title) => made.said.push(title),
    ask: async (/** @type {string} */ message) => {
      made.asked.push(message);
      return yes;
    },
    pause: async () => (made.paused += 1),
  };
  made.enter = () => enter(made.page, made.door);
  return made;
}

beforeEach(() => {
  kept.clear();
  world.location.hash = "#k=d1081c68";
});

test("a ticket whose answer was lost is shown again with the same key, and the page says so", async () => {
  const made = phone([new Error("gone"), { status: "refused", code: "busy" }, SEAT]);
  assert.equal(await made.enter(), null);
  assert.deepEqual(made.sent.map((/** @type {any} */ one) => one.ticket), ["d1081c68", "d1081c68", "d1081c68"]);
  assert.equal(new Set(made.sent.map((/** @type {any} */ one) => one.key)).size, 1);
  assert.match(made.sent[0].key, /^[0-9a-f]{32}$/);
  assert.deepEqual([made.said, made.paused], [["phone.entering_again", "phone.entering_again"], 2]);
  assert.deepEqual([made.page.line.token, made.onShelf], ["t1", '"d1081c68"']);
  assert.deepEqual([kept.has("th:123456:ticket"), world.location.hash], [false, ""]);
});

test("a page that was closed in between shows its ticket at the next visit, with the same key", async () => {
  const never = phone([]);
  never.page.line.post = (/** @type {string} */ _event, /** @type {any} */ body) => {
    never.sent.push(body);
    return new Promise(() => {});
  };
  void never.enter();
  assert.equal(world.location.hash, "");
  const made = phone([SEAT]);
  await made.enter();
  assert.deepEqual(made.sent, never.sent);
});

test("where storage is forbidden the ticket stays in the address until the answer", async () => {
  const { setItem } = world.localStorage;
  world.localStorage.setItem = () => {
    throw new Error("forbidden");
  };
  const made = phone([new Error("gone"), SEAT]);
  made.door.pause = async () => assert.equal(world.location.hash, "#k=d1081c68");
  await made.enter();
  world.localStorage.setItem = setItem;
  assert.equal(world.location.hash, "");
  assert.equal(new Set(made.sent.map((/** @type {any} */ one) => one.key)).size, 1);
});

test("a final refusal is said and ends the ticket", async () => {
  const made = phone([{ status: "refused", code: "ticket_used", message: "이미 썼어요" }]);
  assert.deepEqual(await made.enter(), { message: "이미 썼어요" });
  assert.equal(kept.has("th:123456:ticket"), false);
});

test("a phone with another seat is asked, and keeps its seat unless it says yes", async () => {
  const no = phone([HELD], false, "mine");
  assert.equal(await no.enter(), null);
  assert.deepEqual([no.asked, no.page.line.token, kept.has("th:123456:pass")], [["12번"], "mine", false]);
  world.location.hash = "#r=abc";
  const yes = phone([HELD, SEAT], true, "mine");
  assert.equal(await yes.enter(), null);
  assert.deepEqual([yes.sent[1].ticket, yes.sent[1].swap, yes.page.line.token], ["abc", true, "t1"]);
});

test("a phone that is known by its pass alone shows it, so that it is asked as well", async () => {
  kept.set("th:123456:pass", JSON.stringify({ token: "mine", seat: 3 }));
  const made = phone([HELD], false);
  await made.enter();
  assert.equal(made.page.line.token, "mine");
});

test("a page whose seat was given back ends with it: the next seat's page knows nothing of what waits here", async () => {
  kept.set("th:123456:pass", JSON.stringify({ token: "old", seat: 2, expires: 9 }));
  let loads = 0;
  world.location.reload = () => (loads += 1);
  const line = (/** @type {any} */ answer) => ({ code: "123456", token: "old", refresh: async () => null, post: async () => answer });
  const unsettled = {};
  const renewed = renew(/** @type {any} */ (line({ ...SEAT, token: "new", seat: 25 })));
  const first = await Promise.race([renewed, new Promise((done) => setTimeout(done, 20, unsettled))]);
  assert.equal(first, unsettled); // nothing more is sent over the old page's line
  assert.equal(loads, 1);
  const page = { boot: { code: "123456", me: null }, line: { token: "new" } };
  assert.equal(holder(/** @type {any} */ (page)), "25");
  assert.equal(await renew(/** @type {any} */ (line({ status: "refused", code: "ticket_needed" }))), null);
  assert.equal(loads, 1);
});
