/**
 * The desk of one table: notes, the summary, the seats and the proxies. Holds what the parts
 * share; the drawing lies in desk/.
 */

import { announce, draw, html, painter } from "../lib/dom.js";
import { Outbox } from "../lib/outbox.js";
import { begin, command, keep, recall, shelf, worded } from "../lib/page.js";
import { t } from "../lib/words.js";
import { Notebook } from "./desk/notebook.js";
import { Proxies, deeds, turns } from "./desk/side.js";
import { Summing } from "./desk/summary.js";
import { bar, notes, summary } from "./desk/views.js";

/** @typedef {import("./desk/notebook.js").Line} Line */

export class Desk {
  constructor() {
    this.page = begin();
    const { boot, store } = this.page;
    this.table = boot.me ? boot.me.table : null;
    this.name = `th:${boot.code}:desk${this.table}`;
    this.paint = painter(() => this.render());
    this.outbox = new Outbox({
      shelf,
      name: `${this.name}:outbox`,
      send: (event, payload) => this.page.line.send(event, payload).then(worded),
      settled: (entry, answer) => this.settled(entry, answer),
      prepare: (entry) => (entry.event === "summary" ? this.summing.prepare(entry.payload) : this.notebook.prepare(entry)),
      changed: () => this.paint(),
    });
    const notesHere = () => (store.get("notes") || []).filter((/** @type {any} */ one) => one.table === this.table);
    this.notebook = new Notebook({ name: this.name, outbox: this.outbox, notes: notesHere });
    this.summing = new Summing({ name: `${this.name}:summary`, outbox: this.outbox, draft: () => store.get("draft"), changed: () => this.paint() });
    this.proxies = new Proxies(this);
    /** @type {{kind: string, text: string, seat: number|null}} */
    this.writing = recall(`${this.name}:writing`, { kind: "idea", text: "", seat: null });
    /** @type {Line|null} */
    this.editing = null;
    this.panel = "";
    this.unseen = false;
    this.callSaid = "";
    /** @type {number|null} */
    this.hushed = null;
  }

  start() {
    this.page.store.subscribe(() => this.news());
    this.page.onLine.add((open) => this.outbox.connected(open));
    setInterval(() => this.paint(), 500);
    this.news();
    this.page.line.start();
  }

  news() {
    const round = this.round();
    this.summing.follow(round ? round.id : null, round ? round.facts : {});
    this.notebook.tidy();
    this.paint();
  }

  /** The table talk that is summed up: the one that runs, else the one the desk's draft is of. */
  round() {
    const segment = this.page.store.segment();
    if (segment && segment.kind === "tables") return segment;
    const draft = this.page.store.get("draft");
    const all = (this.page.store.get("agenda") || { segments: [] }).segments;
    return (draft && all.find((/** @type {any} */ one) => one.id === draft.segment)) || null;
  }

  /**
   * @param {import("../lib/outbox.js").Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    if (entry.event === "summary") this.summing.settled(entry, answer);
    else if (entry.event === "proxy_vote") this.proxies.settled(entry, answer);
    else if (entry.event.startsWith("note")) this.notebook.settled(entry, answer);
    this.paint();
  }

  /** This table's own line among the tables. */
  own() {
    const tables = this.page.store.get("tables") || [];
    return tables.find((/** @type {any} */ one) => one.number === this.table) || { head_count: null, calling: null };
  }

  heads() {
    const entry = this.outbox.entry("heads");
    return entry ? entry.payload.count : this.own().head_count || 0;
  }

  /** @param {number} count */
  count(count) {
    this.outbox.put("heads", "head_count", { count });
  }

  /** @param {Partial<{kind: string, text: string, seat: number|null}>} part */
  compose(part) {
    this.writing = { ...this.writing, ...part };
    if (!this.editing) keep(`${this.name}:writing`, this.writing);
    this.paint();
  }

  write() {
    const { kind, text, seat } = this.writing;
    const said = { kind, text: text.trim(), seat };
    if (!said.text) return;
    if (this.editing) this.notebook.edit(this.editing, said);
    else this.notebook.write(said);
    this.editing = null;
    this.compose({ text: "", seat: null });
    this.toEnd();
  }

  /** The next line can be typed at once, and the newest is seen once it is drawn. */
  toEnd() {
    // Not a moment later: whoever has gone on to the summary would lose the cursor to this field.
    const input = document.getElementById("note-text");
    if (input) input.focus();
    setTimeout(() => {
      const list = document.querySelector(".note-list");
      if (list) list.scrollTop = list.scrollHeight;
    }, 60);
  }

  /** @param {Line|null} line */
  edit(line) {
    this.editing = line;
    this.writing = line
      ? { kind: line.kind, text: line.text, seat: line.seat }
      : recall(`${this.name}:writing`, { kind: "idea", text: "", seat: null });
    this.paint();
    if (line) this.toEndOf();
  }

  toEndOf() {
    const input = document.getElementById("note-text");
    if (input) input.focus();
  }

  removeEdited() {
    if (this.editing) this.notebook.remove(this.editing);
    this.edit(null);
  }

  /** @param {boolean} on */
  readAloud(on) {
    this.summing.read = on;
    this.paint();
  }

  /** @param {string} name */
  toggle(name) {
    this.panel = this.panel === name ? "" : name;
    this.callSaid = "";
    this.unseen = Boolean(this.panel);
    this.render();
  }

  /** A panel that was opened comes into view, once it is drawn: its ballot may still be fetched. */
  show() {
    const panel = this.unseen && document.querySelector(".side .panel");
    if (!panel) return;
    this.unseen = false;
    panel.scrollIntoView({ block: "start" });
  }

  /** @param {string|null} reason */
  async call(reason) {
    const answer = await command(this.page, "call", { reason });
    this.callSaid = answer.status === "refused" ? answer.message || "" : "";
    if (answer.status !== "refused") announce(t(reason ? "desk.called_said" : "desk.call_ended"));
    this.paint();
  }

  /** @param {number} segment */
  hush(segment) {
    this.hushed = segment;
    this.paint();
  }

  saidName() {
    const segment = this.page.store.segment();
    return `${this.name}:said:${segment ? segment.id : 0}`;
  }

  /** @returns {Record<number, number>} */
  said() {
    return recall(this.saidName(), {});
  }

  /** @param {number} seat */
  spoke(seat) {
    const said = this.said();
    said[seat] = (said[seat] || 0) + 1;
    keep(this.saidName(), said);
    this.paint();
  }

  render() {
    draw(document.getElementById("bar"), bar(this));
    draw(document.getElementById("main"), notes(this));
    draw(document.getElementById("side"), html`${summary(this)} ${turns(this)} ${deeds(this)}`);
    this.show();
  }
}

new Desk().start();
