/**
 * Coming in: a ticket or a personal link in the address's fragment, a session kept on this
 * device, or the open door. The fragment never reaches a server log and is wiped at once; a
 * ticket stays on this device until the server has answered it.
 */

import { draw, html } from "../lib/dom.js";
import { isFinal, wait } from "../lib/outbox.js";
import { deviceKey, keep, recall, shelf } from "../lib/shelf.js";
import { t } from "../lib/words.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{token: string, seat?: number|null, expires?: number}} Pass */

/** After so long without an answer the page says what it waits for, in ms. */
const SLOW = 1500;
/** Refusals that are questions: the same again with `swap` is let in. */
const ASKED_FIRST = new Set(["seat_held", "guest_held"]);

/**
 * The fragment's two kinds of key.
 * @param {string} hash
 * @returns {{ticket: string|null, resume: string|null}}
 */
export function keysIn(hash) {
  const ticket = /[#&]k=([\w.~-]+)/.exec(hash);
  const resume = /[#&]r=([\w.~-]+)/.exec(hash);
  return { ticket: ticket && ticket[1], resume: resume && resume[1] };
}

/** @param {string} code */
const shelfKey = (code) => `th:${code}:pass`;

/** @param {string} code  where a ticket waits for its answer */
const ticketKey = (code) => `th:${code}:ticket`;

/**
 * The link that opens this seat again in another browser, if this device holds its token.
 * @param {string} code
 */
export function personalLink(code) {
  /** @type {Pass|null} */
  const pass = recall(shelfKey(code), null);
  return pass ? `${location.origin}${location.pathname}#r=${pass.token}` : null;
}

/**
 * Whose device this is now: a ballot that waits must never be cast by the next person's seat.
 * @param {Page} page
 * @returns {string}
 */
export function holder(page) {
  /** @type {Pass|null} */
  const pass = recall(shelfKey(page.boot.code), null);
  if (pass && pass.token === page.line.token) return String(pass.seat || pass.token.slice(0, 8));
  return String((page.boot.me && page.boot.me.seat) || 0);
}

/**
 * What is said and asked before the phone's own screen is on.
 * @typedef {{say: (title: string, line: string) => void, ask: (message: string) => Promise<boolean>,
 *   pause: (ms: number) => Promise<unknown>}} Door
 */

/** @type {Door} */
const AT_THE_DOOR = {
  say: (title, line) =>
    draw(
      document.getElementById("main"),
      html`<div class="light light-wait" role="status">
        <i class="lamp"></i>
        <p><b>${t(title)}</b><small>${t(line)}</small></p>
      </div>`,
    ),
  ask: (message) =>
    new Promise((answer) =>
      draw(
        document.getElementById("main"),
        html`<div class="light light-wait light-kept" role="alert">
            <i class="lamp"></i>
            <p><b>${message}</b><small>${t("phone.swap_line")}</small></p>
          </div>
          <button class="btn btn-main btn-tall btn-wide" type="button" @click=${() => answer(false)}>${t("phone.leave")}</button>
          <p><button class="btn btn-tall btn-wide" type="button" @click=${() => answer(true)}>${t("phone.change")}</button></p>`,
      ),
    ),
  pause: (ms) =>
    new Promise((done) => {
      setTimeout(done, ms);
      window.addEventListener("online", done, { once: true });
    }),
};

/**
 * Make the page's line carry a seat. Refusals come back as the server's sentence.
 * @param {Page} page
 * @param {Door} [door]
 * @returns {Promise<{message: string}|null>}
 */
export async function enter(page, door = AT_THE_DOOR) {
  const { code } = page.boot;
  const { ticket, resume } = keysIn(location.hash);
  const shown = ticket || resume || recall(ticketKey(code), null);
  if (shown) return show(page, shown, door);
  const known = page.boot.me && page.boot.me.role !== "visitor";
  if (known) return null;
  /** @type {Pass|null} */
  const pass = recall(shelfKey(code), null);
  if (pass) page.line.token = pass.token;
  else await page.line.post("join", {}).then((answer) => take(page, answer), () => null);
  return null;
}

/**
 * Show a ticket or a link until a final answer comes; until then this device keeps it.
 * @param {Page} page
 * @param {string} ticket
 * @param {Door} door
 * @returns {Promise<{message: string}|null>}
 */
async function show(page, ticket, door) {
  const { code } = page.boot;
  keep(ticketKey(code), ticket);
  // Where storage is forbidden, only the address survives a reload.
  if (recall(ticketKey(code), null) === ticket) wipe();
  /** @type {Pass|null} */
  const pass = recall(shelfKey(code), null);
  if (!page.line.token && pass) page.line.token = pass.token;
  const body = { ticket, key: deviceKey(code) };
  let answer = await insist(page, body, door);
  const asked = ASKED_FIRST.has(answer.code);
  const swap = asked && (await door.ask(answer.message || ""));
  if (swap) answer = await insist(page, { ...body, swap }, door);
  shelf.removeItem(ticketKey(code));
  wipe();
  return take(page, answer) || (asked && !swap) ? null : { message: answer.message || "" };
}

/**
 * The first final answer. The same key goes with every try, so a doubled one gets the same seat.
 * @param {Page} page
 * @param {Record<string, any>} body
 * @param {Door} door
 * @returns {Promise<any>}
 */
async function insist(page, body, door) {
  for (let tries = 1; ; tries += 1) {
    const slow = setTimeout(() => door.say("phone.entering", "phone.entering_line"), SLOW);
    const answer = await page.line.post("join", body).catch(() => null);
    clearTimeout(slow);
    if (answer && isFinal(answer)) return answer;
    door.say("phone.entering_again", "phone.entering_again_line");
    await door.pause(1000 + wait(tries, Math.random));
  }
}

/** The fragment must not stay where others may read or share it. */
function wipe() {
  const { ticket, resume } = keysIn(location.hash);
  if (ticket || resume) history.replaceState(null, "", location.pathname + location.search);
}

/**
 * Keep what joining gave, if it gave a seat.
 * @param {Page} page
 * @param {Pass} answer
 * @returns {boolean}
 */
function take(page, { token, seat, expires }) {
  if (!token) return false;
  keep(shelfKey(page.boot.code), { token, seat, expires });
  page.line.token = token;
  return true;
}

/**
 * Another token after a refusal: the cookie's, or a new open seat where the door is open. A seat
 * that was moved to another device stays refused. A new seat has a page of its own: what waits on
 * this one was said by another seat.
 * @param {import("../lib/socket.js").Line} line
 * @returns {Promise<string|null>}
 */
export async function renew(line) {
  const fresh = await line.refresh();
  if (fresh) return fresh;
  /** @type {Pass|null} */
  const pass = recall(shelfKey(line.code), null);
  if (!pass || pass.token !== line.token) return null;
  keep(shelfKey(line.code), null);
  line.token = "";
  const answer = await line.post("join", {});
  if (!answer.token) return null;
  keep(shelfKey(line.code), { token: answer.token, seat: answer.seat, expires: answer.expires });
  location.reload();
  return new Promise(() => {});
}
