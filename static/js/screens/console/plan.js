/**
 * The run of show: planned and actual, how late the day is in words, and ways to win time back.
 */

import { forecast } from "../../lib/agenda.js";
import { minutes, timeOfDay } from "../../lib/clock.js";
import { composing, html, live, nothing } from "../../lib/dom.js";
import { t } from "../../lib/words.js";

/** @typedef {import("../console.js").Console} Console */
/** @typedef {import("../../lib/types.js").Segment} Segment */

/**
 * How coming items could be shortened: by what their kind can spare of its plan and by what was
 * added to them, breaks first, then the largest saving, and no more than what is late.
 * @param {import("../../lib/types.js").Agenda} agenda
 * @param {number} late  minutes
 * @returns {{segment: Segment, by: number}[]}
 */
export function savings(agenda, late) {
  const here = agenda.segments.findIndex((one) => one.id === agenda.current);
  return agenda.segments
    .slice(here + 1)
    .map((segment) => ({ segment, by: Math.min(late, Math.floor((segment.minutes * segment.spare) / 100) + segment.extended) }))
    .filter(({ by }) => by > 0)
    .sort((a, b) => Number(b.segment.kind === "break") - Number(a.segment.kind === "break") || b.by - a.by)
    .slice(0, 3);
}

/** Minutes in words, with hours from sixty on. @param {number} n */
export function long(n) {
  const [h, m] = [Math.floor(n / 60), n % 60];
  return [h ? t("console.hours", { n: h }) : "", m || !h ? t("live.minutes", { n: m }) : ""].filter(Boolean).join(" ");
}

/** @param {Console} desk */
export function plan(desk) {
  const agenda = desk.page.store.get("agenda");
  if (!agenda) return nothing;
  const now = desk.page.clock.now();
  const { starts, late } = forecast(agenda, now);
  const here = agenda.segments.findIndex((/** @type {any} */ one) => one.id === agenda.current);
  return html`<h2>${t("console.plan")} <small class="muted">${t("console.plan_how")}</small></h2>
    <ol class="run">
      ${agenda.segments.map((/** @type {Segment} */ one, /** @type {number} */ i) => row(agenda, one, i, here, starts[one.id]))}
    </ol>
    ${agenda.state === "running" ? steps(desk, agenda, here) : nothing} ${mend(desk, agenda, minutes(late))}
    ${agenda.state === "running" ? speaker(desk, agenda) : nothing}`;
}

/** @param {any} agenda @param {Segment} one @param {number} i @param {number} here @param {number} start */
export function row(agenda, one, i, here, start) {
  const is = i === here && agenda.state === "running";
  const was = agenda.state === "ended" || (here >= 0 && i < here);
  const extra = one.extended ? ` · ${t("console.extended", { n: one.extended > 0 ? `+${one.extended}` : one.extended })}` : "";
  const at = timeOfDay(start);
  const fact = is ? t("console.since", { at }) : was ? at : Math.abs(start - one.planned_at) >= 60000 ? t("console.expected", { at }) : t("live.minutes", { n: one.minutes + one.extended });
  return html`<li class=${is ? "is" : was ? "was" : ""} aria-current=${is ? "step" : nothing}>
    <time>${timeOfDay(one.planned_at)}</time><span>${one.title}</span><span class="fact">${fact}${extra}</span>
  </li>`;
}

/** @param {Console} desk @param {any} agenda @param {number} here */
function steps(desk, agenda, here) {
  const last = here + 1 === agenda.segments.length;
  const resting = desk.hold.resting() ? "true" : "false";
  const step = (/** @type {string} */ event) => desk.step(() => desk.send(event, { current: agenda.current }));
  const more = (/** @type {number} */ n) => desk.send("agenda_extend", { minutes: n });
  return html`<div class="steps-row">
    <button class="btn btn-low" type="button" ?disabled=${here < 1} aria-disabled=${resting} @click=${() => step("agenda_back")}>${t("console.back")}</button>
    <button class="btn btn-low" type="button" @click=${() => more(-1)}>${t("console.minute_less")}</button>
    <button class="btn btn-low" type="button" @click=${() => more(1)}>${t("console.minute_more")}</button>
    <button class="btn btn-low" type="button" @click=${() => more(5)}>${t("console.minutes_more")}</button>
    <button class="btn btn-low" type="button" ?disabled=${last} aria-disabled=${resting} @click=${() => step("agenda_next")}>${t("console.next_item")}</button>
  </div>`;
}

/** @param {Console} desk @param {any} agenda @param {number} late */
function mend(desk, agenda, late) {
  if (agenda.state !== "running" || late < 1) return nothing;
  const ways = savings(agenda, late);
  return html`<h2>${t("console.mend", { time: long(late) })}</h2>
    ${ways.length
      ? html`<ul class="mend">
          ${ways.map(
            ({ segment, by }) => html`<li>
              <span>${t("console.shorten", { title: segment.title, n: segment.minutes + segment.extended - by })}</span><b>${t("console.wins", { n: by })}</b>
              <button class="btn btn-low" type="button" @click=${() => desk.send("agenda_extend", { segment: segment.id, minutes: -by })}>${t("console.apply")}</button>
            </li>`,
          )}
        </ul>`
      : html`<p class="soft">${t("console.no_mend")}</p>`}`;
}

/** @param {Console} desk @param {any} agenda */
function speaker(desk, agenda) {
  const talk = agenda.speaker;
  const start = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (desk.talker.trim()) desk.send("agenda_speaker", { name: desk.talker.trim(), seconds: desk.talkFor });
  };
  return html`<h2>${t("console.speaker")}</h2>
    ${talk
      ? html`<p class="mend-one"><span>${talk.name}</span><button class="btn btn-low" type="button" @click=${() => desk.send("agenda_speaker", { name: "", seconds: 0 })}>${t("console.speaker_stop")}</button></p>`
      : html`<form class="speaker" @submit=${start} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && composing(event) && event.preventDefault()}>
          <input class="field" maxlength="40" autocomplete="off" aria-label=${t("console.speaker_name")} placeholder=${t("console.speaker_name")} .value=${live(desk.talker)} @input=${(/** @type {any} */ event) => ((desk.talker = event.target.value), desk.paint())} />
          <select class="field" aria-label=${t("console.speaker_time")} @change=${(/** @type {any} */ event) => (desk.talkFor = Number(event.target.value))}>
            ${[60, 120, 180, 300].map((n) => html`<option value=${n} .selected=${live(n === desk.talkFor)}>${t("live.minutes", { n: n / 60 })}</option>`)}
          </select>
          <button class="btn btn-low" type="submit">${t("console.speaker_start")}</button>
        </form>`}`;
}
