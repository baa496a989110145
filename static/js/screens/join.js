/**
 * Coming in: a ticket or a personal link in the address's fragment, a session kept on this
 * device, or the open door. The fragment never reaches a server log and is wiped at once.
 */

import { keep, recall } from "../lib/page.js";

/** @typedef {import("../lib/page.js").Page} Page */
/** @typedef {{token: string, seat?: number|null, expires?: number}} Pass */

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
 * Make the page's line carry a seat. Refusals come back as the server's sentence.
 * @param {Page} page
 * @returns {Promise<{message: string}|null>}
 */
export async function enter(page) {
  const { code } = page.boot;
  const { ticket, resume } = keysIn(location.hash);
  if (ticket || resume) history.replaceState(null, "", location.pathname + location.search);
  if (resume) {
    keep(shelfKey(code), { token: resume });
    page.line.token = resume;
    return null;
  }
  if (ticket) return join(page, { ticket });
  const known = page.boot.me && page.boot.me.role !== "visitor";
  if (known) return null;
  /** @type {Pass|null} */
  const pass = recall(shelfKey(code), null);
  if (pass) {
    page.line.token = pass.token;
    return null;
  }
  return join(page, {});
}

/**
 * @param {Page} page
 * @param {{ticket?: string}} body
 * @returns {Promise<{message: string}|null>}
 */
async function join(page, body) {
  try {
    const answer = await page.line.post("join", body);
    if (answer.token) {
      keep(shelfKey(page.boot.code), { token: answer.token, seat: answer.seat, expires: answer.expires });
      page.line.token = answer.token;
      return null;
    }
    return body.ticket ? { message: answer.message || "" } : null;
  } catch {
    return null;
  }
}

/**
 * Another token after a refusal: the cookie's, or a new open seat where the door is open. A seat
 * that was moved to another device stays refused.
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
  if (answer.token) keep(shelfKey(line.code), { token: answer.token, seat: answer.seat, expires: answer.expires });
  return answer.token || null;
}
