/**
 * The side of the desk: whose turn it was, proxy votes on paper tokens, the head count, and the
 * call for staff. Turns are counts on this tablet alone.
 */

import { ballot } from "../../ballots/index.js";
import { draws, html, live, nothing, vars } from "../../lib/dom.js";
import { isCounted, isLate, isOpen, light } from "../../lib/lights.js";
import { icon } from "../../lib/marks.js";
import { keep, recall } from "../../lib/page.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../desk.js").Desk} Desk */

/**
 * The last place to be pressed: as many as were counted, eight until somebody counts, and every one
 * that a note names or that has spoken.
 * @param {Desk} desk
 */
const places = (desk) =>
  Math.max(desk.heads() || 8, ...desk.notebook.lines().map((line) => line.seat || 0), ...Object.keys(desk.said()).map(Number));

/** Only of people who were counted is it known that they sit there and are silent. @param {Desk} desk */
export function turns(desk) {
  const said = desk.said();
  const seats = Array.from({ length: places(desk) }, (_, i) => i + 1);
  const most = Math.max(0, ...seats.map((n) => said[n] || 0));
  const quiet = (/** @type {number} */ n) => most >= 2 && !said[n] && n <= desk.heads();
  const silent = seats.filter(quiet);
  return html`<section>
    <h2>${t("desk.seats")} <small>${t("desk.seats_how")}</small></h2>
    <div class="round-table">
      ${seats.map(
        (n) => html`<button class="seat ${quiet(n) ? "seat-quiet" : ""}" type="button" @click=${() => desk.spoke(n)}>
          <span class="unseen">${t("desk.seat_said", { n, said: said[n] || 0 })}</span><b aria-hidden="true">${n}</b>${quiet(n) ? html`<span class="end">${t("desk.not_yet")}</span>` : html`<i ${vars({ said: Math.min(7, said[n] || 0) })}></i>`}
        </button>`,
      )}
    </div>
    <p class="hint">${silent.length ? t("desk.ask_silent", { n: silent[0] }) : t("desk.counts_only")}</p>
  </section>`;
}

/** @param {Desk} desk */
export function deeds(desk) {
  const own = desk.own();
  const open = (/** @type {string} */ name) => (desk.panel === name ? "true" : "false");
  const proxies = desk.proxies.count();
  return html`<section>
    <div class="deeds">
      <button class="btn" type="button" aria-expanded=${open("proxy")} @click=${() => desk.toggle("proxy")}>${icon("votes")}${t("desk.proxy_n", { n: proxies })}</button>
      <button class="btn" type="button" aria-expanded=${open("heads")} @click=${() => desk.toggle("heads")}>${icon("table")}${own.head_count === null ? t("desk.heads_none") : t("desk.heads_n", { n: desk.heads() })}</button>
      <button class="btn ${own.calling ? "calling" : ""}" type="button" aria-expanded=${open("call")} @click=${() => desk.toggle("call")}>${icon("bell")}${t(own.calling ? "desk.calling" : "desk.call")}</button>
    </div>
    ${desk.panel === "proxy" ? desk.proxies.view() : nothing} ${desk.panel === "heads" ? heads(desk) : nothing}
    ${desk.panel === "call" ? call(desk, own) : nothing}
  </section>`;
}

/** @param {Desk} desk */
const heads = (desk) => html`<div class="panel">
  <p class="label">${t("desk.heads_how")}</p>
  <div class="stepper">
    <button class="step" type="button" aria-label=${t("desk.fewer")} ?disabled=${desk.heads() < 1} @click=${() => desk.count(desk.heads() - 1)}>−</button>
    <b role="status">${desk.heads()}</b>
    <button class="step" type="button" aria-label=${t("desk.more")} ?disabled=${desk.heads() > 98} @click=${() => desk.count(desk.heads() + 1)}>+</button>
  </div>
</div>`;

/** @param {Desk} desk @param {any} own */
function call(desk, own) {
  if (own.calling) {
    return html`<div class="panel">
      <p>${t("desk.called", { why: own.calling })}</p>
      <button class="btn btn-wide" type="button" @click=${() => desk.call(null)}>${t("desk.call_end")}</button>
    </div>`;
  }
  return html`<div class="panel calls">
    <p class="label">${t("desk.call_why")}</p>
    ${["device", "paper", "person", "other"].map(
      (why) => html`<button class="btn btn-wide" type="button" @click=${() => desk.call(t(`desk.call.${why}`))}>${t(`desk.call.${why}`)}</button>`,
    )}
    ${desk.callSaid ? html`<p class="hint why" role="alert">${desk.callSaid}</p>` : nothing}
  </div>`;
}

/** What the phone tells its voter to ask of a facilitator, told to the facilitator. @param {import("../../lib/lights.js").Light} at */
const refusal = (at) => t(["closed", "already_voted", "not_eligible"].some((why) => at.line === `live.light.fail_${why}`) ? at.line.replace("live.light", "desk.proxy") : at.line, at.params);

/** How long the proxy's button rests after it did something, so that a double press does one thing. */
const REST_MS = 700;

/** Votes for people without a phone, under the number of their paper token. */
export class Proxies {
  /** @param {Desk} desk @param {() => number} [now]  ms */
  constructor(desk, now = () => performance.now()) {
    this.desk = desk;
    this.now = now;
    this.restsUntil = 0;
    this.name = `${desk.name}:proxies`;
    /** @type {Record<string, any>} by "question/paper" */
    this.kept = recall(this.name, {});
    this.paper = "";
    /** @type {any} */
    this.draft = {};
    /** @type {number|null} */
    this.chosen = null;
    this.said = "";
    /** @type {number|null} the question whose final ballot is read back */
    this.confirming = null;
  }

  count() {
    return new Set(Object.keys(this.kept).map((slot) => slot.split("/")[1])).size;
  }

  /** @returns {import("../../lib/types.js").Question[]} */
  open() {
    return (this.desk.page.store.get("questions") || []).filter(isOpen);
  }

  /** @returns {import("../../lib/types.js").Question|null} */
  question() {
    const open = this.open();
    return open.find((one) => one.id === this.chosen) || open[0] || null;
  }

  /** A ballot that can never be changed is read back first. @param {import("../../lib/types.js").Question} question */
  cast(question) {
    if (this.now() < this.restsUntil) return;
    const paper = Number(this.paper);
    if (!Number.isInteger(paper) || paper < 1) {
      this.said = t("desk.paper_missing");
    } else {
      const kind = ballot(question.kind);
      if (!kind) return;
      const state = kind.ready(question, this.draft);
      const final = question.secret || !question.changeable;
      if (!state.ok) this.said = t(state.key, state.params);
      else {
        this.restsUntil = this.now() + REST_MS;
        if (final && this.confirming !== question.id) this.confirming = question.id;
        else this.send(question, paper, kind.choice(this.draft));
      }
    }
    this.desk.paint();
  }

  /**
   * @param {import("../../lib/types.js").Question} question
   * @param {number} paper
   * @param {any} choice
   */
  send(question, paper, choice) {
    const slot = `${question.id}/${paper}`;
    const before = this.kept[slot];
    const rev = (before ? before.rev : 0) + 1;
    this.kept[slot] = { ...before, rev, paper };
    keep(this.name, this.kept);
    this.desk.outbox.put(`proxy:${slot}`, "proxy_vote", { question: question.id, paper, key: draws(), nonce: draws(), rev, choice });
    this.paper = "";
    this.draft = {};
    this.said = "";
    this.confirming = null;
    this.desk.unseen = true;
  }

  /**
   * @param {import("../../lib/outbox.js").Entry} entry
   * @param {any} answer
   */
  settled(entry, answer) {
    const { question, paper, rev } = entry.payload;
    const slot = `${question}/${paper}`;
    const before = this.kept[slot];
    // The earlier ballot still counts; what failed is the second one.
    if (isCounted(before) && !isCounted(answer)) this.kept[slot] = { ...before, failed: answer.status };
    else this.kept[slot] = { paper, rev: answer.rev || rev, status: answer.status, message: answer.message, receipt: answer.receipt };
    keep(this.name, this.kept);
  }

  view() {
    const question = this.question();
    if (!question) return html`<div class="panel"><p class="soft">${t("desk.proxy_closed")}</p></div>`;
    const kind = ballot(question.kind, this.desk.paint);
    if (!kind) return nothing;
    const update = (/** @type {any} */ draft) => {
      this.draft = draft;
      this.confirming = null;
      this.desk.render();
    };
    const state = kind.ready(question, this.draft);
    const confirming = this.confirming === question.id && state.ok;
    return html`<div class="panel proxy">
      ${this.open().length > 1
        ? html`<select class="field" aria-label=${t("desk.which_question")} @change=${(/** @type {any} */ event) => ((this.chosen = Number(event.target.value)), update({}))}>
            ${this.open().map((one) => html`<option value=${one.id} .selected=${live(one.id === question.id)}>${one.title}</option>`)}
          </select>`
        : html`<p><b>${question.title}</b></p>`}
      ${this.list(question)}
      <label class="label" for="paper">${t("desk.paper")}</label>
      <input id="paper" class="field" inputmode="numeric" maxlength="6" autocomplete="off" .value=${live(this.paper)} @input=${(/** @type {any} */ event) => ((this.paper = event.target.value), (this.confirming = null), this.desk.paint())} />
      <div class="ballot">${kind.form(question, this.draft, update, confirming, this.desk.table)}</div>
      ${this.said ? html`<p class="hint why" role="alert">${this.said}</p>` : nothing}
      ${confirming ? this.confirm(question, t(state.key, state.params), () => update(this.draft)) : html`<button class="btn btn-main btn-wide" type="button" @click=${() => this.cast(question)}>${t("desk.proxy_cast")}</button>`}
    </div>`;
  }

  /** @param {import("../../lib/types.js").Question} question @param {string} what @param {() => void} back */
  confirm(question, what, back) {
    return html`<div class="pile" role="group" aria-label=${t("desk.proxy_confirm")}>
      <p role="status"><b>${t("desk.paper_n", { n: Number(this.paper) })} · ${what}</b></p>
      <p class="hint">${t(question.secret ? "desk.proxy_secret" : "desk.proxy_final")} ${t("desk.proxy_read")}</p>
      <button class="btn btn-main btn-wide" type="button" @click=${() => this.cast(question)}>${t("desk.proxy_confirm")}</button>
      <button class="btn btn-wide" type="button" @click=${back}>${t("desk.edit")}</button>
    </div>`;
  }

  /** @param {import("../../lib/types.js").Question} question */
  list(question) {
    const mine = Object.keys(this.kept).filter((slot) => slot.startsWith(`${question.id}/`));
    if (!mine.length) return nothing;
    const late = isLate(question, this.desk.page.clock.now());
    return html`<ul class="kept">
      ${mine.map((slot) => {
        const vote = this.kept[slot];
        const at = light({ question, entry: this.desk.outbox.entry(`proxy:${slot}`), vote: vote.status ? vote : null, late });
        return html`<li>
          <span>${t("desk.paper_n", { n: vote.paper })} ${at ? html`<small>${t(at.title, at.params)}${at.tone === "fail" ? html` · ${refusal(at)}` : nothing}</small>` : nothing}</span>
          ${at && at.code ? html`<span class="stub">${at.code}</span>` : nothing}
        </li>`;
      })}
    </ul>`;
  }
}
