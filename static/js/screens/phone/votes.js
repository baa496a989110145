/**
 * My ballots on this phone: drafts, what is on its way, and what came back. The server's word in
 * `me` and the phone's own memory are merged by rev; the nonce of a ballot lives only here.
 */

import { ballot } from "../../ballots/index.js";
import { announce } from "../../lib/dom.js";
import { isCounted, isLate, isOpen, light } from "../../lib/lights.js";
import { draws, keep, recall } from "../../lib/shelf.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../../lib/types.js").Question} Question */

export class Votes {
  /**
   * @param {import("../../lib/page.js").Page} page
   * @param {import("../../lib/outbox.js").Outbox} outbox
   * @param {string} name  where the answers are kept
   * @param {() => void} changed
   */
  constructor(page, outbox, name, changed) {
    this.page = page;
    this.outbox = outbox;
    this.changed = changed;
    this.name = name;
    /** @type {Record<string, any>} */
    this.kept = recall(this.name, {});
    /** @type {Record<string, any>} */
    this.drafts = {};
    /** @type {Set<number>} */
    this.editing = new Set();
    /** @type {number|null} the question whose confirm step is shown */
    this.confirming = null;
    /** @type {Record<number, any>} */
    this.timers = {};
  }

  /** @param {number} id */
  entry(id) {
    return this.outbox.entry(`vote:${id}`);
  }

  /**
   * The newest answer for a question, or null.
   * @param {number} id
   */
  vote(id) {
    const mine = this.kept[id];
    const { me } = this.page.store;
    const said = me && me.votes ? me.votes[id] : null;
    if (!said) return mine || null;
    const other = mine && mine.failed && said.receipt && mine.receipt && said.receipt.id !== mine.receipt.id;
    if (mine && isCounted(mine) && mine.rev >= said.rev && !other) return mine;
    return { ...mine, ...said };
  }

  /** @param {Question} question */
  light(question) {
    const late = isLate(question, this.page.clock.now());
    return light({ question, entry: this.entry(question.id), vote: this.vote(question.id), late });
  }

  /** What the form shows: the draft, else the ballot on its way, else the stored one. @param {Question} question */
  draft(question) {
    const kind = ballot(question.kind);
    if (this.drafts[question.id]) return this.drafts[question.id];
    if (!kind) return {};
    const entry = this.entry(question.id);
    const vote = this.vote(question.id);
    return kind.draft(entry ? entry.payload.choice : vote ? vote.choice : undefined);
  }

  /** Whether a ballot was cast or is on its way. @param {number} id */
  has(id) {
    return Boolean(this.entry(id) || isCounted(this.vote(id)));
  }

  /** @param {Question} question */
  locked(question) {
    if (!isOpen(question)) return true;
    if (question.kind === "dots" && question.changeable && !question.secret) return false;
    const at = this.light(question);
    return Boolean(at && !this.editing.has(question.id));
  }

  /** @param {Question} question @param {any} draft */
  update(question, draft) {
    const kind = ballot(question.kind);
    if (!kind) return;
    this.drafts[question.id] = draft;
    this.confirming = null;
    const loose = question.changeable && !question.secret;
    if (loose && kind.instant) this.cast(question);
    else if (loose && question.kind === "dots") this.soon(question);
    this.changed();
  }

  /** Points move in bursts: the last position of a burst is the ballot. @param {Question} question */
  soon(question) {
    clearTimeout(this.timers[question.id]);
    this.timers[question.id] = setTimeout(() => this.cast(question), 700);
  }

  /** Cast or say what is missing. @param {Question} question */
  submit(question) {
    const kind = ballot(question.kind);
    if (!kind) return;
    const state = kind.ready(question, this.draft(question));
    if (!state.ok) {
      announce(t(state.key, state.params));
      return;
    }
    if ((question.secret || !question.changeable) && this.confirming !== question.id) {
      this.confirming = question.id;
      this.changed();
      return;
    }
    this.cast(question);
  }

  /** @param {Question} question */
  cast(question) {
    const { id } = question;
    const kind = ballot(question.kind);
    if (!kind) return;
    const vote = this.vote(id);
    const entry = this.entry(id);
    const rev = Math.max(vote ? vote.rev || 0 : 0, entry ? entry.payload.rev : 0) + 1;
    const choice = kind.choice(this.draft(question));
    this.editing.delete(id);
    this.confirming = null;
    this.outbox.put(`vote:${id}`, "vote", { question: id, key: draws(), rev, nonce: draws(), choice });
    delete this.drafts[id];
    this.changed();
  }

  /**
   * @param {import("../../lib/outbox.js").Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    const { question, key, nonce, rev, choice } = entry.payload;
    // Another tab may have cast since: the nonces of its ballots live only on the shelf.
    this.kept = { ...this.kept, ...recall(this.name, {}) };
    const before = this.kept[question] || {};
    const at = this.page.clock.now();
    if (answer.status === "counted" || answer.status === "counted_before") {
      this.kept[question] = { status: "counted", choice, key, nonce, rev: answer.rev || rev, receipt: answer.receipt, at };
    } else if (answer.status === "superseded" && before.receipt && answer.receipt && before.receipt.id === answer.receipt.id) {
      // What counts was cast by another tab of this phone, which kept it with its nonce.
    } else if (answer.status === "superseded") {
      this.kept[question] = { status: "superseded", choice: answer.choice, rev: answer.rev || rev, receipt: answer.receipt, at };
    } else if (isCounted(before)) {
      // The earlier ballot still counts; what failed is the change.
      this.kept[question] = { ...before, failed: answer.status, rev };
    } else {
      this.kept[question] = { status: answer.status, message: answer.message, choice, rev, at };
    }
    keep(this.name, this.kept);
    const asked = this.page.store.question(question);
    const told = asked && this.light(asked);
    if (told) announce(`${t(told.title, told.params)} ${told.code || ""}. ${t(told.line, told.params)}`);
    this.changed();
  }

  /** @param {number} id */
  change(id) {
    this.editing.add(id);
    this.changed();
  }

  /** Give a begun change up: what counts is shown again. @param {number} id */
  leave(id) {
    this.editing.delete(id);
    delete this.drafts[id];
    this.changed();
  }

  /** Questions this seat has an answer for, newest first. @returns {{question: Question, vote: any}[]} */
  stubs() {
    /** @type {Question[]} */
    const questions = this.page.store.get("questions") || [];
    return questions
      .map((question) => ({ question, vote: this.vote(question.id) }))
      .filter(({ vote }) => isCounted(vote))
      .sort((a, b) => (b.question.opened_at || 0) - (a.question.opened_at || 0));
  }
}

/**
 * Whether the receipt of a kept ballot is the commitment of what this phone says it cast.
 * @param {number} question
 * @param {any} vote
 */
export async function matches(question, vote) {
  const { sha256hex } = await import("../../lib/sha256.js");
  const ballot = sha256hex(`${question}:${vote.key}`);
  const said = sha256hex(`${question}:${ballot}:${canonical(vote.choice)}:${vote.nonce}`);
  return ballot === vote.receipt.id && said === vote.receipt.commitment;
}

/**
 * Whether a ballot is among those that the close sealed. The whole list is fetched, so that nobody
 * learns whose it is, and its root must be the one that everybody was shown.
 * @param {{commitment: string}} receipt
 * @param {string[]} commitments
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export async function sealed(receipt, commitments, root) {
  const { merkleRoot } = await import("../../lib/merkle.js");
  return commitments.includes(receipt.commitment) && merkleRoot(commitments) === root;
}

/**
 * JSON with sorted keys and no spaces, as the server hashes it.
 * @param {any} value
 * @returns {string}
 */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}
