/** The drawing of the desk: the bar, the notes with their writer, and the column at the side. */

import { repeat } from "../../../vendor/lit-html/directives/repeat.js";
import { length } from "../../lib/agenda.js";
import { countdown } from "../../lib/clock.js";
import { composing, html, live, nothing } from "../../lib/dom.js";
import { icon } from "../../lib/marks.js";
import { isLate, isOpen, stateKey } from "../../lib/lights.js";
import { connection } from "../../lib/page.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../desk.js").Desk} Desk */
/** @typedef {import("./notebook.js").Line} Line */

export const KINDS = ["pro", "con", "idea", "question"];
const SIGN = { pro: "for", con: "against", idea: "idea", question: "ask" };

/** @param {string} kind */
const tag = (kind) => html`<span class="kind kind-${SIGN[/** @type {"pro"} */ (kind)]}">${t(`live.kind.${kind}`)}</span>`;

/** The question that is voted on now, or null: the one on the stage before any other. @param {Desk} desk */
function asked(desk) {
  const { store, clock } = desk.page;
  const open = (store.get("questions") || []).filter((/** @type {any} */ one) => isOpen(one) && !isLate(one, clock.now()));
  const shown = (store.get("stage") || {}).question;
  return open.find((/** @type {any} */ one) => one.id === shown) || open[0] || null;
}

/** Milliseconds left of the segment, or null. @param {Desk} desk */
function left(desk) {
  const segment = desk.page.store.segment();
  if (!segment || !segment.started_at || !segment.minutes) return null;
  return segment.started_at + length(segment) - desk.page.clock.now();
}

/** @param {Desk} desk */
export function bar(desk) {
  const { page } = desk;
  const segment = page.store.segment();
  const forum = page.store.get("forum") || {};
  const conn = connection(page, desk.outbox.entries.size);
  const question = asked(desk);
  const until = question && question.closes_at ? question.closes_at - page.clock.now() : null;
  const ms = question ? until : left(desk);
  const soon = ms !== null && ms < (question ? 10000 : 60000);
  const title = question
    ? html`<p class="label"><span class="live">${t(stateKey(question, page.clock.now()))}</span></p>
        <h1>${question.title}</h1>`
    : html`<p class="label">${segment ? segment.title : forum.title}</p>
        <h1>${segment ? segment.prompt || segment.title : t((page.store.get("agenda") || {}).state === "ended" ? "desk.ended" : "desk.before")}</h1>`;
  return html`<p class="table-no"><b>${desk.table}</b><span>${t("desk.table_word")}</span></p>
    <div class="round">${title}</div>
    <p class="left">
      ${ms === null ? nothing : html`<b role="timer" class=${soon ? "clock-last" : ""} aria-label=${question ? t("live.left") : nothing}>${countdown(ms)}</b>`}
      <span class="conn ${conn.kind}" role="status">${conn.text}</span>
    </p>`;
}

/** @param {Desk} desk  what the run of show asks of this table now */
function nudge(desk) {
  if (desk.page.state.line === "over") {
    return html`<p class="from-stage" role="alert"><b>${t("live.conn.over")}</b> <span>${t("desk.over")}</span></p>`;
  }
  const segment = desk.page.store.segment();
  const ms = left(desk);
  const due = segment && segment.kind === "tables" && ms !== null && ms < 5 * 60000 && !desk.summing.sent;
  if (!due || desk.hushed === segment.id) return nothing;
  return html`<p class="from-stage" role="status">
    <b>${t("desk.from_stage")}</b> <span>${t(ms > 0 ? "desk.summary_soon" : "desk.summary_due", { n: Math.max(1, Math.ceil(ms / 60000)) })}</span>
    <button class="btn btn-low" type="button" @click=${() => desk.hush(segment.id)}>${t("desk.read_it")}</button>
  </p>`;
}

/** @param {Desk} desk @param {Line[]} lines */
function counts(desk, lines) {
  const others = (desk.page.store.get("tables") || []).filter((/** @type {any} */ one) => one.number !== desk.table).map((/** @type {any} */ one) => one.notes);
  return html`<p class="tally">
    <b>${t("desk.notes_n", { n: lines.length })}</b>
    ${KINDS.map((kind) => html`<span>${t(`live.kind.${kind}`)} ${lines.filter((line) => line.kind === kind).length}</span>`)}
    ${Math.max(0, ...others) ? html`<span class="others">${t("desk.others", { n: Array.from(new Set([Math.min(...others), Math.max(...others)])).join("–") })}</span>` : nothing}
  </p>`;
}

/** @param {Line} line */
function fate(line) {
  if (line.fate === "sent") return html`<span class="fate">${icon("sent")}${line.edited ? t("desk.fate.edited") : t("desk.fate.sent")}</span>`;
  if (line.fate === "refused") return html`<span class="fate fate-refused">${t("desk.fate.refused")}</span>`;
  return html`<span class="fate fate-kept">${icon("kept")}${t(line.fate === "sending" ? "desk.fate.sending" : "desk.fate.kept")}</span>`;
}

/** @param {Desk} desk @param {Line} line */
const row = (desk, line) => html`<li class=${desk.editing && desk.editing.ref === line.ref ? "is" : ""}>
  ${tag(line.kind)}
  <p>
    ${line.text} ${line.seat ? html`<small>${t("desk.seat_n", { n: line.seat })}</small>` : nothing}
    ${line.fate === "refused" ? html`<small class="why">${line.message || t("desk.clash")}</small>` : nothing}
  </p>
  ${fate(line)}
  <button class="edit" type="button" @click=${() => desk.edit(line)}>${t("desk.edit")}</button>
</li>`;

/** @param {Desk} desk */
export function notes(desk) {
  const lines = desk.notebook.lines();
  return html`${nudge(desk)} ${counts(desk, lines)}
    <ol class="note-list" aria-label=${t("desk.notes_n", { n: lines.length })}>
      ${repeat(lines, (line) => line.ref, (line) => row(desk, line))}
      ${lines.length ? nothing : html`<li class="none"><p class="soft">${t("desk.no_notes")}</p></li>`}
    </ol>
    ${writer(desk)}`;
}

/** @param {Desk} desk */
function writer(desk) {
  const { writing, editing } = desk;
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    desk.write();
  };
  const guard = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && composing(event)) event.preventDefault();
    if (event.key === "Escape" && editing) desk.edit(null);
  };
  const seats = Array.from({ length: Math.max(desk.heads(), 8) }, (_, i) => i + 1);
  return html`<form class="writer" @submit=${send} @keydown=${guard}>
    <fieldset class="kinds">
      <legend class="unseen">${t("desk.kind")}</legend>
      ${KINDS.map(
        (kind) => html`<label><input type="radio" name="kind" value=${kind} .checked=${live(writing.kind === kind)} @change=${() => desk.compose({ kind })} /><span>${t(`live.kind.${kind}`)}</span></label>`,
      )}
      <label class="who"
        >${t("desk.seat")}
        <select class="field" name="seat" @change=${(/** @type {any} */ event) => desk.compose({ seat: Number(event.target.value) || null })}>
          <option value="" .selected=${live(!writing.seat)}>${t("desk.seat_none")}</option>
          ${seats.map((n) => html`<option value=${n} .selected=${live(writing.seat === n)}>${t("desk.seat_n", { n })}</option>`)}
        </select></label
      >
    </fieldset>
    <input
      class="field"
      id="note-text"
      name="text"
      maxlength="600"
      aria-label=${t("desk.note_label")}
      placeholder=${t("desk.note_hint")}
      autocomplete="off"
      .value=${live(writing.text)}
      @input=${(/** @type {any} */ event) => desk.compose({ text: event.target.value })}
    />
    ${editing
      ? html`<span class="two"
          ><button class="btn btn-ink" type="submit">${t("desk.save")}</button>
          <button class="btn" type="button" @click=${() => desk.removeEdited()}>${t("desk.remove")}</button>
          <button class="btn btn-plain" type="button" @click=${() => desk.edit(null)}>${t("desk.cancel")}</button></span
        >`
      : html`<button class="btn btn-ink" type="submit">${t("desk.write")}</button>`}
  </form>`;
}

/** @param {Desk} desk */
export function summary(desk) {
  const { summing } = desk;
  const segment = desk.page.store.segment();
  const running = Boolean(segment && segment.kind === "tables");
  const { over } = summing;
  const able = running && summing.length > 0 && !over && summing.read;
  const say = !running ? "desk.summary_closed" : over ? "desk.summary_long" : !summing.read ? "desk.summary_read_first" : "desk.summary_back";
  return html`<section>
    <h2>${t("desk.summary")} <small>${t("desk.verbatim")}</small></h2>
    <textarea
      class="field"
      rows="2"
      aria-label=${t("desk.summary")}
      ?readonly=${summing.sent || !running}
      .value=${live(summing.local.text)}
      @input=${(/** @type {any} */ event) => summing.type(event.target.value)}
    ></textarea>
    <p class="count end ${over ? "over" : ""}" role="status"><b>${summing.length}</b>${summing.limit ? html` / ${t("desk.chars", { n: summing.limit })}` : nothing}</p>
    ${summing.left ? html`<p class="hint" role="alert">${t("desk.summary_left", { text: summing.left })} <button class="btn btn-low" type="button" @click=${() => summing.leave("")}>${t("desk.read_it")}</button></p>` : nothing}
    ${summing.other ? html`<p class="hint" role="alert">${t("desk.summary_other", { text: summing.other })} <button class="btn btn-low" type="button" @click=${() => summing.yield()}>${t("desk.take_other")}</button></p>` : nothing}
    ${summing.message ? html`<p class="hint why" role="alert">${summing.message}</p>` : nothing}
    ${summing.sent
      ? html`<div class="light ${summing.waiting() ? "light-wait light-kept" : "light-done"}" role="status">
          <i class="lamp"></i>
          <p><b>${t(summing.waiting() ? "desk.summary_kept" : "desk.summary_on_stage")}</b><small>${t(running ? "desk.summary_back" : "desk.summary_final")}</small></p>
          ${running ? html`<button class="btn btn-low" type="button" @click=${() => summing.save(false)}>${t("desk.retract")}</button>` : nothing}
        </div>`
      : html`<label class="read"
            ><input type="checkbox" .checked=${live(summing.read)} ?disabled=${!running} @change=${(/** @type {any} */ event) => desk.readAloud(event.target.checked)} />
            <span>${t("desk.read_aloud")}</span></label
          >
          <button class="btn btn-main btn-wide" type="button" aria-disabled=${able ? "false" : "true"} @click=${() => able && summing.save(true)}>${t("desk.send")}</button>
          <p class="hint">${t(say)}</p>`}
  </section>`;
}
