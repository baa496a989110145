/**
 * The phone: one thing to do now. Decides which view is on, and holds what the views share; the
 * drawing lies in phone/, the rules of a ballot in ballots/.
 */

import { announce, draw, draws, holding, html, nothing, painter } from "../lib/dom.js";
import { isOpen, stateKey } from "../lib/lights.js";
import { house, icon } from "../lib/marks.js";
import { Outbox } from "../lib/outbox.js";
import { begin, command, connection, shelf, worded } from "../lib/page.js";
import { t } from "../lib/words.js";
import { enter, holder, renew } from "./join.js";
import { questionView } from "./phone/vote.js";
import { Votes, matches, sealed } from "./phone/votes.js";

/** @typedef {import("../lib/types.js").Question} Question */

/** Views that are fetched when they are first looked at: a question needs none of them. */
const FETCH = { tabs: () => import("./phone/tabs.js"), score: () => import("./phone/score.js") };

/** Where focus goes when what had it is gone: to the light of a ballot just cast, to its confirm step, else to the head. */
const FOCUS = [".deed .light", ".deed .two button", "h1"];

const TABS = ["agenda", "table", "asks", "votes"];

export class Phone {
  /**
   * @param {import("../lib/page.js").Page} page
   * @param {string} refused  why the ticket did not open the door, or nothing
   */
  constructor(page, refused) {
    this.page = page;
    this.refused = refused;
    this.paint = painter(() => this.render());
    const name = `th:${this.page.boot.code}:${holder(this.page)}`;
    this.outbox = new Outbox({
      shelf,
      name: `${name}:outbox`,
      send: (event, payload) => this.page.line.send(event, payload).then(worded),
      settled: (entry, answer) => this.settled(entry, answer),
      changed: () => this.paint(),
    });
    // At once, not with the next frame: a second quick tap must see what the first one did.
    this.votes = new Votes(this.page, this.outbox, `${name}:votes`, () => this.render());
    this.tab = this.hash();
    /** @type {number|null} */
    this.chosen = null;
    /** @type {Set<number>} */
    this.seen = new Set(this.open().map((question) => question.id));
    this.asking = "";
    this.askSaid = "";
    this.sitSaid = "";
    /** @type {Set<number>} */
    this.upvoted = new Set((this.page.store.me || { upvoted: [] }).upvoted);
    /** @type {Record<number, number>} */
    this.shifts = {};
    /** @type {Set<number>} */
    this.own = new Set();
    /** @type {Record<number, string>} */
    this.checked = {};
    /** @type {{tabs?: typeof import("./phone/tabs.js"), score?: typeof import("./phone/score.js")}} */
    this.views = {};
    /** @type {Set<string>} */
    this.fetching = new Set();
    this.moving = false;
    this.tableless = false;
    this.copied = false;
    this.shown = false;
  }

  start() {
    this.page.store.subscribe((names) => this.news(names));
    this.page.onLine.add((open) => this.outbox.connected(open));
    window.addEventListener("hashchange", () => {
      this.tab = this.hash();
      this.sitSaid = "";
      this.paint();
    });
    setInterval(() => this.paint(), 500);
    this.paint();
    if (!this.late()) this.page.line.start();
  }

  hash() {
    const name = location.hash.slice(1);
    return TABS.includes(name) ? name : "";
  }

  /** @param {string[]} names */
  news(names) {
    if (names.includes("questions")) this.opened();
    if (names.includes("asks")) this.shifts = {};
    if (names.includes("me") && this.page.store.me) {
      this.upvoted = new Set(this.page.store.me.upvoted || []);
      (this.page.store.me.asks || []).forEach((id) => this.own.add(id));
    }
    this.paint();
  }

  /** A question that opens becomes the screen, except for somebody who is typing. */
  opened() {
    const fresh = this.open().filter((question) => !this.seen.has(question.id));
    fresh.forEach((question) => this.seen.add(question.id));
    if (!fresh.length) return;
    announce(`${t(stateKey(fresh[0], this.page.clock.now()))}: ${fresh[0].title}`);
    this.chosen = null;
    if (!(this.tab === "asks" && this.asking)) this.go("");
  }

  /** @param {string} tab */
  go(tab) {
    this.tab = tab;
    history.replaceState(null, "", tab ? `#${tab}` : location.pathname + location.search);
    window.scrollTo(0, 0);
    this.paint();
  }

  /** @param {number} id */
  choose(id) {
    this.chosen = id;
    this.go("");
  }

  /** Whether this seat has gone to another device, or was closed: then nothing can be said any more. */
  over() {
    return this.page.state.line === "over";
  }

  /** @returns {Question[]} */
  open() {
    if (this.over()) return [];
    return (this.page.store.get("questions") || []).filter(isOpen);
  }

  /** @param {Question} question */
  canVote(question) {
    return isOpen(question) && !this.over();
  }

  /** Open questions this seat has not answered. */
  waiting() {
    return this.open().filter((question) => !this.votes.has(question.id));
  }

  /** The question of this moment, or null. @returns {Question|null} */
  question() {
    const { store } = this.page;
    const chosen = store.question(this.chosen);
    if (chosen && this.canVote(chosen)) return chosen;
    const stage = store.get("stage") || {};
    const segment = store.segment();
    const shown = store.question(stage.question) || store.question(segment && segment.question);
    if (shown && this.canVote(shown)) return shown;
    const waiting = this.waiting();
    if (waiting.length) return waiting[0];
    const open = this.open();
    if (open.length) return open[0];
    const fits = shown && (shown.state === "closed" || (shown.state === "revealed" && stage.scene === "reveal"));
    return fits ? shown : null;
  }

  /**
   * @param {import("../lib/outbox.js").Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    if (entry.event === "vote") this.votes.settled(entry, answer);
    if (entry.event === "ask") {
      if (answer.status === "refused") {
        this.asking = this.asking || entry.payload.text;
        this.askSaid = answer.message || "";
      } else {
        this.own.add(answer.id);
        this.askSaid = t("phone.ask_sent");
      }
    }
    this.paint();
  }

  /** @param {string} text */
  typing(text) {
    this.asking = text;
    this.askSaid = "";
    this.paint();
  }

  ask() {
    const text = this.asking.trim();
    if (!text) return;
    const key = draws();
    this.asking = "";
    this.outbox.put(`ask:${key}`, "ask", { key, text });
  }

  /** @param {number} id */
  mine(id) {
    return this.own.has(id);
  }

  /** What a tap adds to the printed count until the next slice says it. @param {number} id */
  extra(id) {
    return this.shifts[id] || 0;
  }

  /** @param {number} id */
  async upvote(id) {
    const on = !this.upvoted.has(id);
    const set = (/** @type {boolean} */ up) => (up ? this.upvoted.add(id) : this.upvoted.delete(id));
    set(on);
    this.shifts[id] = this.extra(id) + (on ? 1 : -1);
    this.paint();
    const answer = await command(this.page, "upvote", { ask: id, on });
    if (answer.status === "refused") {
      set(!on);
      delete this.shifts[id];
      this.paint();
    }
  }

  /** @param {number|null} table */
  async sit(table) {
    this.moving = false;
    this.tableless = table === null;
    this.sitSaid = "";
    this.paint();
    const { me } = this.page.store;
    if (!me || me.table === table) return;
    const answer = await command(this.page, "sit", { table });
    if (answer.status !== "refused") this.page.store.takeMe({ ...me, table });
    else this.sitSaid = answer.message || "";
    this.paint();
  }

  move() {
    this.moving = !this.moving;
    this.sitSaid = "";
    this.paint();
  }

  /** @param {number} question @param {any} vote */
  async check(question, vote) {
    const root = ((this.page.store.get("turnout") || {})[question] || {}).root;
    let said = (await matches(question, vote)) ? "ok" : "bad";
    if (said === "ok" && root) said = await this.published(question, vote, root);
    this.checked[question] = said;
    this.paint();
  }

  /** @param {number} question @param {any} vote @param {string} root  what the check found once the ballots are sealed */
  async published(question, vote, root) {
    try {
      const answer = await fetch(`/api/f/${this.page.boot.code}/commitments/${question}`);
      const { commitments } = await answer.json();
      return (await sealed(vote.receipt, commitments, root)) ? "sealed" : "missing";
    } catch {
      return "ok";
    }
  }

  /** @param {string} link */
  async copy(link) {
    try {
      await navigator.clipboard.writeText(link);
      this.copied = true;
    } catch {
      this.shown = true;
    }
    this.paint();
  }

  /**
   * Fetch views; what is on the screen stays until they are here.
   * @param {"tabs"|"score"} name
   */
  fetch(name) {
    if (this.fetching.has(name)) return null;
    this.fetching.add(name);
    FETCH[name]()
      .then((views) => Object.assign(this.views, { [name]: views }))
      .catch(() => this.fetching.delete(name))
      .then(this.paint);
    return null;
  }

  tabView() {
    const { tabs } = this.views;
    if (!tabs) return this.fetch("tabs");
    const view = { table: tabs.tableView, asks: tabs.asksView, votes: tabs.votesView }[this.tab];
    if (!view) return tabs.waitView(this);
    return html`${this.waiting().length ? tabs.openOnes(this) : nothing}${view(this)}`;
  }

  /** What the screen shows, or null while it is fetched. */
  view() {
    if (this.tab) return this.tabView();
    const question = this.question();
    const { store } = this.page;
    const score = (store.get("stage") || {}).scene === "score" ? store.get("score") : null;
    if (score && !(question && isOpen(question))) return this.views.score ? this.views.score.scoreView(score) : this.fetch("score");
    return question ? questionView(this, question) : this.tabView();
  }

  /** Whether this device has no seat and nobody gets one any more: there is no line to lose. */
  late() {
    const { line, store } = this.page;
    return !line.token && (store.get("agenda") || {}).state === "ended";
  }

  header() {
    const { store } = this.page;
    const forum = store.get("forum") || {};
    const agenda = store.get("agenda");
    const segment = store.segment();
    const step = segment ? `· ${agenda.segments.indexOf(segment) + 1} ${segment.title}` : "";
    const conn = connection(this.page, this.outbox.entries.size);
    return html`<p class="where">${house()} <b>${forum.title}</b> <span class="muted">${step}</span></p>
      ${this.late() ? nothing : html`<span class="conn ${conn.kind}" role="status">${conn.text}</span>`}`;
  }

  nav() {
    const table = this.page.store.me && this.page.store.me.table;
    const tab = (/** @type {string} */ name, /** @type {any} */ sign, /** @type {string} */ text) => html`<a
      href="#${name}"
      aria-current=${this.tab === name ? "page" : nothing}
      >${icon(sign)}${text}</a
    >`;
    return html`${tab("agenda", "order", t("phone.tab.agenda"))}
    ${tab("table", "table", table ? t("live.table", { n: table }) : t("phone.tab.table"))}
    ${tab("asks", "asks", t("phone.tab.asks"))} ${tab("votes", "votes", t("phone.tab.votes"))}`;
  }

  /** What stands above everything when the line is over or the ticket was refused. */
  notice() {
    const { state } = this.page;
    const text = this.refused || (state.line === "over" && !this.late() ? t("phone.over") : "");
    return text
      ? html`<div class="light light-fail" role="alert"><i class="lamp"></i><p><b>${text}</b><small>${t("phone.ask_facilitator")}</small></p></div>`
      : nothing;
  }

  /** A ticket that opened nothing: neither the room's state nor a promise, only the other ways in. */
  outside() {
    return html`${this.notice()}
      <p class="part"><a class="btn btn-wide" href="/f/${this.page.boot.code}/enter">${t("phone.ticket_by_hand")}</a></p>`;
  }

  render() {
    draw(document.getElementById("top"), this.header());
    if (this.refused && !this.page.line.token) {
      draw(document.getElementById("main"), this.outside());
      draw(document.getElementById("tabs"), nothing);
      return;
    }
    const view = this.view();
    const main = document.getElementById("main");
    if (view) holding(main, () => draw(main, html`${this.notice()}${view}`), FOCUS);
    draw(document.getElementById("tabs"), this.nav());
  }
}

/** The page of the server stays until it is known whose seat this is. */
async function open() {
  const page = begin(renew);
  const said = await enter(page);
  new Phone(page, said ? said.message || t("phone.ticket_refused") : "").start();
}

open();
