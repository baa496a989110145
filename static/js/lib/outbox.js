/**
 * What this device still has to say. An entry is stored before it is sent and stays until a final
 * answer comes; it is sent again under the same key, so a doubled message is harmless.
 * Two tabs share one shelf: each writes the entry it means and leaves the others alone.
 * No rules about votes or notes here: a slot, an event, a payload, an answer.
 */

/**
 * @typedef {{slot: string, event: string, payload: Record<string, any>, at: number, tries: number,
 *   state: "kept"|"sending"|"busy"|"waiting", until: number}} Entry
 * @typedef {Record<string, any>} Answer
 * @typedef {{getItem(k: string): string|null, setItem(k: string, v: string): void,
 *   removeItem(k: string): void}} Shelf
 */

/** Seconds to the second, third … attempt; the last one repeats. */
const WAITS = [3, 6, 12, 15];
const AT_ONCE = 4;
/** Refusals that mean "not now" rather than "no". */
const PATIENCE = new Set(["too_many", "busy", "not_connected", "unexpected", "stopping", "not_saving"]);

/**
 * The wait before attempt `tries + 1`, in ms: full jitter over 3, 6, 12, then 15 seconds.
 * @param {number} tries  attempts so far, at least 1
 * @param {() => number} random
 */
export const wait = (tries, random) => Math.round(1000 * WAITS[Math.min(tries, WAITS.length) - 1] * random());

/** @param {Answer} answer */
export const isFinal = (answer) =>
  answer.status !== "busy" && !(answer.status === "refused" && PATIENCE.has(answer.code));

/**
 * Whether the stored entry is the one this page means, and not a later one of its slot.
 * @param {Entry|undefined} found
 * @param {Entry} entry
 */
const same = (found, entry) => found !== undefined && found.at === entry.at && JSON.stringify(found.payload) === JSON.stringify(entry.payload);

export class Outbox {
  /**
   * @param {{shelf: Shelf, name: string, send: (event: string, payload: any) => Promise<Answer>,
   *   settled: (entry: Entry, answer: Answer) => void, changed?: () => void,
   *   prepare?: (entry: Entry) => Record<string, any>|null,
   *   now?: () => number, random?: () => number,
   *   later?: (fn: () => void, ms: number) => any}} options
   *   `settled` is told every final answer; `prepare` may complete a payload, or hold the entry
   *   back by giving null.
   */
  constructor({ shelf, name, send, settled, changed, prepare, now, random, later }) {
    this.shelf = shelf;
    this.name = name;
    this.send = send;
    this.settled = settled;
    this.changed = changed || (() => {});
    this.prepare = prepare || ((/** @type {Entry} */ entry) => entry.payload);
    this.now = now || Date.now;
    this.random = random || Math.random;
    this.later = later || ((/** @type {() => void} */ fn, /** @type {number} */ ms) => setTimeout(fn, ms));
    this.online = false;
    this.flying = 0;
    /** @type {Map<string, Entry>} */
    this.entries = new Map(this.read().map((entry) => [entry.slot, { ...entry, state: "kept", until: 0 }]));
  }

  /** @returns {Entry[]} */
  read() {
    try {
      return JSON.parse(this.shelf.getItem(this.name) || "[]");
    } catch {
      return [];
    }
  }

  /**
   * Change one entry of the stored list, which another tab may have changed since.
   * @param {string} slot
   * @param {(found: Entry|undefined) => Entry|null|undefined} change  what becomes of it: another
   *   entry, null for none, or the same
   */
  amend(slot, change) {
    const kept = this.read();
    const i = kept.findIndex((one) => one.slot === slot);
    const entry = change(kept[i]);
    if (entry !== kept[i]) kept.splice(i < 0 ? kept.length : i, 1, ...(entry ? [entry] : []));
    try {
      if (kept.length) this.shelf.setItem(this.name, JSON.stringify(kept));
      else this.shelf.removeItem(this.name);
    } catch {
      // A full or forbidden shelf: the entry still lives in this page and is still sent.
    }
    this.changed();
  }

  /** @param {string} slot */
  entry(slot) {
    return this.entries.get(slot) || null;
  }

  /** Entries in the order they were written. */
  all() {
    return Array.from(this.entries.values());
  }

  /**
   * Store an entry and send it. A newer entry of the same slot replaces the older.
   * @param {string} slot
   * @param {string} event
   * @param {Record<string, any>} payload  with its `key`
   */
  put(slot, event, payload) {
    this.entries.delete(slot);
    /** @type {Entry} */
    const entry = { slot, event, payload, at: this.now(), tries: 0, state: "kept", until: 0 };
    this.entries.set(slot, entry);
    this.amend(slot, () => entry);
    this.flush();
  }

  /** @param {string} slot */
  drop(slot) {
    const entry = this.entries.get(slot);
    if (entry && this.entries.delete(slot)) this.amend(slot, (found) => (same(found, entry) ? null : found));
  }

  /** The line is up: send what waits. @param {boolean} online */
  connected(online) {
    this.online = online;
    if (online) {
      for (const entry of this.entries.values()) if (entry.state !== "busy") entry.until = 0;
      this.flush();
    } else {
      for (const entry of this.entries.values()) if (entry.state !== "sending") entry.state = "kept";
      this.changed();
    }
  }

  /** Send every entry that is due, a few at a time. */
  flush() {
    if (!this.online) return;
    for (const entry of this.entries.values()) {
      if (this.flying >= AT_ONCE) return;
      if (entry.state === "sending" || entry.until > this.now()) continue;
      const payload = this.prepare(entry);
      if (payload) this.attempt(entry, payload);
    }
  }

  /**
   * @param {Entry} entry
   * @param {Record<string, any>} payload
   */
  attempt(entry, payload) {
    this.flying += 1;
    entry.state = "sending";
    entry.tries += 1;
    // After a reload it must be known that the server may have it already.
    this.amend(entry.slot, (found) => (same(found, entry) ? entry : found));
    this.send(entry.event, payload).then(
      (answer) => this.heard(entry, answer),
      () => this.missed(entry),
    );
  }

  /**
   * @param {Entry} entry
   * @param {Answer} answer
   */
  heard(entry, answer) {
    this.flying -= 1;
    if (!isFinal(answer)) {
      const seconds = Number(answer.retry_after || (answer.details || {}).retry_after) || 3;
      this.again(entry, "busy", Math.round(1000 * seconds * (1 + this.random() / 2)));
    } else {
      // A newer entry may have taken the slot while this one was on its way: that one stays.
      if (this.entries.get(entry.slot) === entry) this.entries.delete(entry.slot);
      this.settled(entry, answer);
      this.amend(entry.slot, (found) => (same(found, entry) ? null : found));
    }
    this.flush();
  }

  /** @param {Entry} entry */
  missed(entry) {
    this.flying -= 1;
    this.again(entry, this.online ? "waiting" : "kept", wait(entry.tries, this.random));
    this.flush();
  }

  /**
   * @param {Entry} entry
   * @param {"busy"|"waiting"|"kept"} state
   * @param {number} ms
   */
  again(entry, state, ms) {
    entry.state = state;
    const until = this.now() + ms;
    entry.until = until;
    this.changed();
    this.later(() => {
      // The timer decides, not the device's clock, which somebody may have set back meanwhile. An
      // older timer says nothing about a wait that was told since.
      if (entry.until === until) entry.until = 0;
      this.flush();
    }, ms + 1);
  }
}
