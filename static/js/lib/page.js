/**
 * What every live screen starts with: the page's data blocks, the store, the server's clock and
 * the line, wired together. A screen adds its drawing and its outbox.
 */

import { Clock } from "./clock.js";
import { announce, block } from "./dom.js";
import { Line } from "./socket.js";
import { Store } from "./store.js";
import { knows, load, t } from "./words.js";

export { keep, recall, shelf } from "./shelf.js";

/**
 * @typedef {{boot: import("./types.js").Boot, store: Store, clock: Clock, line: Line,
 *   state: {line: import("./socket.js").LineState, why: string, since: number},
 *   onLine: Set<(open: boolean) => void>}} Page
 */

/**
 * Read the page's blocks. The line is made but not started.
 * @param {(line: Line) => Promise<string|null>} [renew]  how to find another token
 * @returns {Page}
 */
export function begin(renew) {
  /** @type {import("./types.js").Boot} */
  const boot = block("boot");
  load(block("words") || {}, boot.lang);
  const store = new Store();
  const clock = new Clock();
  clock.sync(boot.now);
  store.take(boot.version, boot.slices);
  store.takeMe(boot.me);
  /** @type {Page} */
  const page = {
    boot,
    store,
    clock,
    state: { line: "connecting", why: "", since: Date.now() },
    onLine: new Set(),
    line: new Line({
      code: boot.code,
      token: boot.token,
      renew,
      hello: () => (store.whole() ? { version: store.whole() } : {}),
      heard: (frame, trip) => hear(page, frame, trip),
      state: (line, why) => {
        page.state = { line, why: why || "", since: Date.now() };
        page.onLine.forEach((listener) => listener(page.line.open));
        store.tell(["line"]);
      },
    }),
  };
  return page;
}

/**
 * @param {Page} page
 * @param {any} frame
 * @param {number} [trip]
 */
function hear(page, frame, trip) {
  if (!frame) return;
  page.clock.sync(frame.now, trip);
  page.store.take(frame.version, frame.slices);
  page.store.takeMe(frame.me);
}

/**
 * An answer with its refusal in words: HTTP answers bring a sentence, sockets only the code.
 * @param {any} answer
 */
export function worded(answer) {
  if (!answer || answer.status !== "refused" || answer.message) return answer;
  const key = `refused.${answer.code}`;
  const message = knows(key) ? t(key, answer.details || {}) : t("live.refused", { code: answer.code });
  return { ...answer, message };
}

/**
 * A moderator's or facilitator's command, sent once, with its answer's refusal said aloud.
 * @param {Page} page
 * @param {string} event
 * @param {Record<string, any>} payload
 * @returns {Promise<any>}
 */
export async function command(page, event, payload) {
  try {
    const answer = worded(await page.line.send(event, payload));
    if (answer.status === "refused") announce(answer.message || answer.code);
    return answer;
  } catch {
    const message = t("live.not_sent");
    announce(message);
    return { status: "refused", code: "not_connected", message };
  }
}

/**
 * The connection in words: class, sentence.
 * @param {Page} page
 * @param {number} waiting  entries that still have to be sent
 */
export function connection(page, waiting) {
  const { line } = page.state;
  if (line === "connected" || line === "polling") {
    return { kind: "", text: waiting ? t("live.conn.sending", { n: waiting }) : t("live.conn.on") };
  }
  if (waiting) return { kind: "conn-kept", text: t("live.conn.kept", { n: waiting }) };
  if (line === "over") return { kind: "conn-lost", text: t("live.conn.over") };
  return { kind: "conn-lost", text: line === "connecting" ? t("live.conn.first") : t("live.conn.again") };
}
