/**
 * The room in plain words: people, ballots and tables, each number apart; questions from the
 * floor; and the few things done by number.
 */

import { andOpen, byVotes } from "../../lib/asks.js";
import { composing, html, live, nothing } from "../../lib/dom.js";
import { timeOfDay } from "../../lib/clock.js";
import { t } from "../../lib/words.js";
import { lastAsked } from "./focus.js";
import { rehearsal } from "./rehearsal.js";

/** @typedef {import("../console.js").Console} Console */

/** How long phones must be away before it is said: who has just come in is on the line a moment later. */
const PATIENCE_MS = 10000;
/** Fewer than this are not many, however few came. */
const MANY = 3;

/** The least that a number was for a while; nothing at first. */
export class Lasting {
  constructor() {
    /** @type {[number, number][]} when, and how many from then on */
    this.seen = [];
  }

  /** @param {number} n @param {number} now @returns {number} */
  least(n, now) {
    if (!this.seen.length) this.seen.push([now, 0]);
    if (this.seen[this.seen.length - 1][1] !== n) this.seen.push([now, n]);
    // The newest that is old enough held until the next one came.
    while (this.seen.length > 1 && this.seen[1][0] <= now - PATIENCE_MS) this.seen.shift();
    return Math.min(...this.seen.map(([, seen]) => seen));
  }
}

/** When it is over, people go home, and that is no alarm. @param {Console} desk @returns {{bad: boolean, title: string, line: string}} */
export function health(desk) {
  const { store, state } = desk.page;
  const coming = state.line === "connecting" && Date.now() - state.since < 4000;
  if (!coming && state.line !== "connected" && state.line !== "polling") {
    return { bad: true, title: t("console.health.cut_off"), line: t("console.health.cut_off_line") };
  }
  const trouble = store.trouble(desk.page.clock.now());
  if (trouble) return { bad: true, title: t("console.health.not_saving"), line: t(`console.trouble.${trouble}`) };
  const tables = store.get("tables") || [];
  const calling = tables.filter((/** @type {any} */ one) => one.calling);
  const tally = store.get("tally") || {};
  const differs = Object.keys(tally).some((id) => tally[id].certificate && tally[id].certificate.differs);
  const room = store.get("room") || {};
  const came = (room.checked_in || 0) + (room.open || 0);
  const gone = desk.away.least(Math.max(0, came - (room.connected || 0)), Date.now());
  const lost = gone ? t("console.health.gone", { n: gone }) : t("console.health.all_here");
  if (differs) return { bad: true, title: t("console.health.differs"), line: t("console.health.differs_line") };
  if (calling.length) {
    const who = calling.map((/** @type {any} */ one) => t("live.table", { n: one.number })).join(", ");
    return { bad: true, title: t("console.health.calling", { who }), line: calling.map((/** @type {any} */ one) => one.calling).join(" · ") };
  }
  const over = (store.get("agenda") || {}).state === "ended";
  if (gone >= MANY && gone * 2 >= came && !over) return { bad: true, title: t("console.health.many_gone"), line: lost };
  return { bad: false, title: t("console.health.fine"), line: lost };
}

/** @param {string} key @param {number | string} value @param {{kind?: string, note?: string, of?: string}} [how] */
const fact = (key, value, { kind = "", note = "", of = "" } = {}) => html`<div class=${kind}>
  <dt>${t(key)}${note ? html`<small>${note}</small>` : nothing}</dt>
  <dd>${value}${of ? html`<span class="of">${t(of, { n: value })}</span>` : nothing}</dd>
</div>`;

/** @param {Console} desk */
export function room(desk) {
  const { store } = desk.page;
  const state = health(desk);
  const here = store.get("room") || {};
  const tables = store.get("tables") || [];
  const heads = tables.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + (one.head_count || 0), 0);
  const asked = lastAsked(desk.questions(), desk.question());
  const turnout = (asked && (store.get("turnout") || {})[asked.id]) || { voted: 0, channels: {} };
  const everybody = desk.questions().some((one) => one.eligibility === "open");
  const behind = tables.filter((/** @type {any} */ one) => one.summary !== "sent");
  return html`<p class="health ${state.bad ? "health-bad" : ""}" role="status"><b>${state.title}</b><span>${state.line}</span></p>
    ${rehearsal(desk)}
    <div class="block">
      <h2>${t("console.people")}</h2>
      <dl class="facts">
        ${heads ? fact("console.heads", heads, { kind: "sum", note: t("console.heads_note"), of: "console.of_people" }) : nothing}
        ${fact("console.registered", here.registered || 0, { of: "console.of_people" })} ${fact("console.checked_in", here.checked_in || 0, { of: "console.of_people" })}
        ${here.open ? fact("console.open", here.open, { of: "console.of_people" }) : nothing} ${fact("console.connected", here.connected || 0, { of: "console.of_devices" })}
        ${here.entitled || !everybody ? fact("console.entitled", here.entitled || 0, { of: "console.of_people" }) : nothing}
        ${everybody ? fact("console.entitled_open", (here.entitled || 0) + (here.open || 0), { of: "console.of_people", note: t("console.entitled_open_note") }) : nothing}
      </dl>
    </div>
    ${asked
      ? html`<div class="block">
          <h2>${t("console.ballots")}</h2>
          <dl class="facts">
            ${fact("console.voted", turnout.voted, { kind: "sum", note: asked.title })}
            ${["phone", "open", "proxy", "paper"].map((name) => (name !== "open" || turnout.channels.open ? fact(`console.channel.${name}`, turnout.channels[name] || 0, { kind: "sub" }) : nothing))}
          </dl>
        </div>`
      : nothing}
    <div class="block">
      <h2>${t("console.tables")}</h2>
      <dl class="facts">
        ${fact("console.reported", `${here.tables_reported || 0} / ${tables.length}`)}
        ${behind.length && behind.length < tables.length ? fact("console.behind", names(behind), { kind: "warn" }) : nothing}
      </dl>
      ${tables.length ? tableList(desk, tables) : nothing}
    </div>
    ${asks(desk)} ${questions(desk)} ${seats(desk)}`;
}

/** @param {any[]} tables */
const names = (tables) => (tables.length > 4 ? t("console.n_tables", { n: tables.length }) : tables.map((one) => t("live.table", { n: one.number })).join(", "));

/** @param {Console} desk @param {any[]} tables */
function tableList(desk, tables) {
  const notes = desk.page.store.get("notes") || [];
  return html`<details class="more" ?open=${tables.some((one) => one.calling)}>
    <summary>${t("console.each_table")}</summary>
    <ul class="table-list">
      ${tables.map(
        (one) => html`<li class=${one.calling ? "calling" : ""}>
          <details>
            <summary>
              <b>${one.number}</b> <span>${t("console.table_facts", { notes: one.notes, heads: one.head_count === null ? "–" : one.head_count })}</span>
              <span class="tag ${one.summary === "sent" ? "tag-civic" : ""}">${t(`console.summary.${one.summary}`)}</span>
            </summary>
            ${one.calling ? html`<p class="why">${one.calling} · ${timeOfDay(one.called_at)}</p>` : nothing}
            <ul class="their-notes">
              ${notes.filter((/** @type {any} */ note) => note.table === one.number).map((/** @type {any} */ note) => html`<li><b>${t(`live.kind.${note.kind}`)}</b> ${note.text}</li>`)}
            </ul>
          </details>
        </li>`,
      )}
    </ul>
  </details>`;
}

/** @param {Console} desk */
function asks(desk) {
  const all = /** @type {any[]} */ (desk.page.store.get("asks") || []);
  const rank = (/** @type {any} */ one) => ["on_stage", "open", "answered", "hidden"].indexOf(one.state);
  const shown = all.slice().sort((a, b) => rank(a) - rank(b) || byVotes(a, b));
  const act = (/** @type {any} */ one, /** @type {string} */ state, /** @type {string} */ key) =>
    html`<button class="btn btn-low" type="button" @click=${() => desk.send("ask_state", { ask: one.id, state }, false)}>${t(key)}</button>`;
  return html`<div class="block asks-block">
    <h2>${t("console.asks")} <small class="muted">${t("phone.asks_n", { n: all.length })}</small></h2>
    ${shown.length ? nothing : html`<p class="soft">${t("console.no_asks")}</p>`}
    <ul class="ask-list">
      ${shown.slice(0, 40).map(
        (one) => html`<li class=${one.state}>
          <p><b>${one.upvotes}${andOpen(one)}</b> ${one.text}${one.state === "open" ? nothing : html` <span class="tag ${one.state === "on_stage" ? "tag-civic" : ""}">${t(`console.ask.${one.state}`)}</span>`}</p>
          <span class="two">
            ${one.state === "open" ? act(one, "on_stage", "console.ask_show") : nothing}
            ${one.state === "open" || one.state === "on_stage" ? act(one, "answered", "console.ask_answer") : nothing}
            ${one.state === "open" ? act(one, "hidden", "console.ask_hide") : nothing}
            ${one.state === "hidden" || one.state === "answered" ? act(one, "open", "console.ask_open") : nothing}
          </span>
        </li>`,
      )}
    </ul>
  </div>`;
}

/** @param {Console} desk  every question, to steer one that is not the current item's */
function questions(desk) {
  const all = /** @type {any[]} */ (desk.page.store.get("questions") || []);
  const focus = desk.question();
  const result = (/** @type {any} */ one) =>
    one.state === "revealed"
      ? html`<button class="btn btn-low" type="button" @click=${() => desk.show({ scene: "reveal", question: one.id })}>${t("console.result_show")}<span class="unseen"> ${one.title}</span></button>`
      : nothing;
  if (all.length < 2 && !all.some((one) => one.state === "revealed")) return nothing;
  return html`<details class="more" ?open=${desk.planless()}>
    <summary>${t("console.questions", { n: all.length })}</summary>
    <ul class="question-list">
      ${all.slice(0, 200).map(
        (one) => html`<li>
          <button class="btn btn-plain btn-low" type="button" aria-pressed=${focus && focus.id === one.id ? "true" : "false"} @click=${() => desk.choose(one.id)}>${one.title}${one.round ? ` · ${t(`live.round.${one.round}`)}` : ""}</button>
          <span class="tag ${one.state === "open" || one.state === "closing" ? "tag-civic" : ""}">${t(`console.state.${one.state}`)}</span> ${result(one)}
        </li>`,
      )}
    </ul>
  </details>`;
}

/** @param {Console} desk */
function seats(desk) {
  const reset = (/** @type {Event} */ event) => {
    event.preventDefault();
    desk.resetSeat();
  };
  return html`<details class="more">
    <summary>${t("console.seat_reset")}</summary>
    <form class="speaker" @submit=${reset} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && composing(event) && event.preventDefault()}>
      <input class="field" inputmode="numeric" maxlength="8" autocomplete="off" aria-label=${t("console.seat_number")} placeholder=${t("console.seat_number")} .value=${live(desk.seat)} @input=${(/** @type {any} */ event) => ((desk.seat = event.target.value), desk.paint())} />
      <button class="btn btn-low" type="submit">${t("console.seat_do")}</button>
    </form>
    ${desk.seatSaid ? html`<p class="said ${desk.seatSaid.bad ? "" : "said-done"}" role=${desk.seatSaid.bad ? "alert" : "status"}>${desk.seatSaid.words}</p>` : nothing}
    <p class="label">${t("console.seat_line")}</p>
  </details>`;
}
