/**
 * A table's notes on this tablet: what the server has, with what still waits here laid over it.
 * Everything written is on the device first; two hours without network lose nothing.
 */

import { draws } from "../../lib/dom.js";
import { keepChanges, recall } from "../../lib/shelf.js";

/**
 * @typedef {{kind: string, text: string, seat: number|null}} Said
 * @typedef {Said & {ref: string, id: number|null, rev: number, at: number, edited: number|null,
 *   fate: "sent"|"kept"|"sending"|"refused", message?: string}} Line
 * @typedef {import("../../lib/outbox.js").Entry} Entry
 */

export class Notebook {
  /**
   * @param {{name: string, outbox: import("../../lib/outbox.js").Outbox,
   *   notes: () => import("../../lib/types.js").Note[]}} options
   */
  constructor({ name, outbox, notes }) {
    this.name = name;
    this.outbox = outbox;
    this.notes = notes;
    /** @type {Record<string, {id: number, rev: number} & Said>} what was just acknowledged, by key */
    this.known = recall(`${name}:known`, {});
    /** @type {Record<string, Said & {message: string, at: number}>} what the server would not take */
    this.refused = recall(`${name}:refused`, {});
    this.saved = { known: { ...this.known }, refused: { ...this.refused } };
  }

  save() {
    keepChanges(`${this.name}:known`, this.saved.known, this.known);
    keepChanges(`${this.name}:refused`, this.saved.refused, this.refused);
    this.saved = { known: { ...this.known }, refused: { ...this.refused } };
  }

  /** @param {Said} said */
  write(said) {
    const key = draws();
    this.outbox.put(`note:${key}`, "note", { key, ...said });
  }

  /**
   * Change a line. One that was never sent is simply rewritten; otherwise an edit follows it.
   * @param {Line} line
   * @param {Said} said
   */
  edit(line, said) {
    const waiting = this.outbox.entry(line.ref);
    if (waiting && waiting.tries === 0) {
      this.outbox.put(line.ref, "note", { ...waiting.payload, ...said });
    } else if (line.fate === "refused") {
      delete this.refused[line.ref];
      this.save();
      this.write(said);
    } else {
      this.follow(line, "note_edit", said);
    }
  }

  /** @param {Line} line */
  remove(line) {
    const waiting = this.outbox.entry(line.ref);
    if (waiting && waiting.tries === 0) this.outbox.drop(line.ref);
    else if (line.fate === "refused") delete this.refused[line.ref];
    else this.follow(line, "note_remove", {});
    this.save();
  }

  /**
   * @param {Line} line
   * @param {string} event
   * @param {Partial<Said>} said
   */
  follow(line, event, said) {
    this.outbox.put(`edit:${line.ref}`, event, { ref: line.ref, id: line.id, rev: line.rev + 1, key: draws(), ...said, previous: line.text });
  }

  /**
   * The payload of an entry, or null while its note is not acknowledged yet.
   * @param {Entry} entry
   */
  prepare({ event, payload }) {
    if (event !== "note_edit" && event !== "note_remove") return payload;
    const { ref, previous, ...rest } = payload;
    if (rest.id) return rest;
    const known = this.known[String(ref).replace("note:", "")];
    return known ? { ...rest, id: known.id, rev: known.rev + 1 } : null;
  }

  /**
   * @param {Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    const { key, kind, text, seat, ref, id } = entry.payload;
    if (answer.status === "ok") {
      if (entry.event === "note") this.known[key] = { id: answer.id, rev: answer.rev, kind, text, seat };
      else if (entry.event === "note_edit") this.known[String(ref).replace("note:", "")] = { id: answer.id, rev: answer.rev, kind, text, seat };
    } else if (answer.status === "superseded" && answer.note) {
      this.clash(entry, answer.note);
    } else if (entry.event !== "note_remove") {
      this.refused[ref || `note:${key}`] = { kind, text, seat, message: answer.message || "", at: entry.at };
    }
    void id;
    this.save();
  }

  /**
   * Somebody, perhaps this tablet itself, was faster. Our own earlier words give way to our newer
   * ones; another tablet's words stay, and ours are kept as a line to decide about.
   * @param {Entry} entry
   * @param {any} note
   */
  clash(entry, note) {
    const { ref, previous, ...rest } = entry.payload;
    if (entry.event === "note_remove" || note.text === previous) {
      this.outbox.put(entry.slot, entry.event, { ref, previous, ...rest, id: note.id, rev: note.rev + 1, key: draws() });
      return;
    }
    this.refused[`${ref}:${rest.key}`] = { kind: rest.kind, text: rest.text, seat: rest.seat, message: "", at: entry.at };
  }

  /** Every line, oldest first. @returns {Line[]} */
  lines() {
    const stored = this.notes();
    const here = new Set(stored.map((note) => note.id));
    const lines = stored.map((note) => this.overlay(`#${note.id}`, {
      ref: `#${note.id}`, id: note.id, rev: note.rev, kind: note.kind, text: note.text, seat: note.seat,
      at: note.created_at, edited: note.edited_at, fate: "sent" }));
    for (const key of Object.keys(this.known)) {
      const known = this.known[key];
      if (here.has(known.id)) continue;
      lines.push(this.overlay(`note:${key}`, { ...known, ref: `note:${key}`, at: Infinity, edited: null, fate: "sent" }));
    }
    for (const entry of this.outbox.all()) {
      if (entry.event !== "note") continue;
      const { kind, text, seat } = entry.payload;
      lines.push(this.overlay(entry.slot, { ref: entry.slot, id: null, rev: 0, kind, text, seat, at: entry.at, edited: null, fate: fateOf(entry) }));
    }
    for (const ref of Object.keys(this.refused)) {
      lines.push({ ...this.refused[ref], ref, id: null, rev: 0, edited: null, fate: "refused" });
    }
    return /** @type {Line[]} */ (lines.filter(Boolean));
  }

  /**
   * A line with its waiting edit laid over; null when it waits to be taken away.
   * @param {string} ref
   * @param {Line} line
   * @returns {Line|null}
   */
  overlay(ref, line) {
    const entry = this.outbox.entry(`edit:${ref}`) || (line.id ? this.outbox.entry(`edit:${this.refOf(line.id)}`) : null);
    if (!entry) return line;
    if (entry.event === "note_remove") return null;
    const { kind, text, seat } = entry.payload;
    return { ...line, kind, text, seat, fate: fateOf(entry) };
  }

  /** The reference a note had before the server numbered it. @param {number} id */
  refOf(id) {
    const key = Object.keys(this.known).find((one) => this.known[one].id === id);
    return key ? `note:${key}` : "";
  }

  /** Forget acknowledgements that the list has caught up with. */
  tidy() {
    const here = new Map(this.notes().map((note) => [note.id, note.rev]));
    let changed = false;
    for (const key of Object.keys(this.known)) {
      const rev = here.get(this.known[key].id);
      if (rev === undefined || rev < this.known[key].rev || this.outbox.entry(`edit:note:${key}`)) continue;
      delete this.known[key];
      changed = true;
    }
    if (changed) this.save();
  }
}

/** @param {Entry} entry @returns {"kept"|"sending"} */
const fateOf = (entry) => (entry.state === "sending" ? "sending" : "kept");
