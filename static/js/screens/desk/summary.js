/**
 * The table's one sentence: written here, saved as it is typed, read aloud, sent to the stage and
 * taken back. The device's text is the newest; the server's `rev` says whether somebody else wrote.
 */

import { draws } from "../../lib/dom.js";
import { graphemes } from "../../lib/graphemes.js";
import { keep, recall } from "../../lib/page.js";

const SAVE_AFTER = 1200;

export class Summing {
  /**
   * @param {{name: string, outbox: import("../../lib/outbox.js").Outbox,
   *   draft: () => import("../../lib/types.js").Draft|null, changed: () => void}} options
   */
  constructor({ name, outbox, draft, changed }) {
    this.name = name;
    this.outbox = outbox;
    this.draft = draft;
    this.changed = changed;
    /** @type {{segment: number|null, text: string, rev: number}} */
    this.local = recall(name, { segment: null, text: "", rev: 0 });
    /** The most graphemes that the round's summary may have; 0 while no round is known. */
    this.limit = 0;
    this.read = false;
    this.message = "";
    /** @type {string|null} another tablet's words */
    this.other = null;
    /** Words of an earlier round that came too late for it. */
    this.left = recall(`${name}:left`, "");
    /** @type {any} */
    this.timer = null;
  }

  /** Follow the server: a new round starts empty, and words from elsewhere show while none are here. */
  follow(/** @type {number|null} */ segment, /** @type {Record<string, any>} */ facts) {
    const draft = this.draft();
    if (facts.limit) this.limit = Number(facts.limit);
    if (segment !== null && this.local.segment !== segment) {
      if (this.timer) this.save(false);
      const mine = draft && draft.segment === segment ? draft : null;
      this.local = { segment, text: mine ? mine.text : "", rev: mine ? mine.rev : 0 };
      this.read = false;
      this.message = "";
      this.other = null;
    } else if (draft && draft.rev > this.local.rev && !this.waiting() && !this.timer) {
      this.local = { segment: draft.segment, text: draft.text, rev: draft.rev };
    }
  }

  /** Each round has its own place in the outbox, so that what waits for one is not the other's. */
  get slot() {
    return `summary:${this.local.segment}`;
  }

  waiting() {
    return this.outbox.entry(this.slot);
  }

  get sent() {
    const draft = this.draft();
    const waiting = this.waiting();
    if (waiting) return Boolean(waiting.payload.send);
    return Boolean(draft && draft.sent_at && draft.segment === this.local.segment);
  }

  get length() {
    return graphemes(this.local.text);
  }

  get over() {
    return this.limit > 0 && this.length > this.limit;
  }

  /** @param {string} text */
  type(text) {
    this.local = { ...this.local, text };
    this.message = "";
    this.read = false;
    keep(this.name, this.local);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(false), SAVE_AFTER);
    this.changed();
  }

  /** @param {boolean} send */
  save(send) {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.over) return;
    const waiting = this.waiting();
    const previous = waiting ? waiting.payload.text : null;
    const { segment, rev, text } = this.local;
    this.outbox.put(this.slot, "summary", { key: draws(), segment, rev: rev + 1, text: text.trim(), send, previous });
    this.changed();
  }

  /** @param {any} payload */
  prepare({ previous, ...payload }) {
    void previous;
    return payload;
  }

  /**
   * @param {import("../../lib/outbox.js").Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    const { segment, text, send, previous } = entry.payload;
    if (segment !== this.local.segment) {
      if (answer.status !== "ok") this.leave(text);
    } else if (answer.status === "ok") {
      this.local = { ...this.local, rev: answer.rev };
      this.other = null;
    } else if (answer.status === "superseded") {
      const draft = answer.draft;
      this.local = { ...this.local, rev: draft ? draft.rev : 0 };
      if (!draft || draft.text === previous || draft.text === text) this.save(send);
      else this.other = draft.text;
    } else {
      this.message = answer.message || "";
    }
    keep(this.name, this.local);
    this.changed();
  }

  /** Words that no round takes any more stay until somebody says what becomes of them. @param {string} text */
  leave(text) {
    this.left = text;
    keep(`${this.name}:left`, text);
    this.changed();
  }

  /** Take the other tablet's words. */
  yield() {
    this.local = { ...this.local, text: this.other || "" };
    this.other = null;
    keep(this.name, this.local);
    this.changed();
  }
}
