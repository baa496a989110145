/**
 * A question while it is open (time and turnout, no bar, no order) and its reveal (rows in the
 * order of the count, each with figure, bar and base).
 */

import { baseLine, channelLine, columns, passed, titleOf, unit } from "../../ballots/outcome.js";
import { countdown } from "../../lib/clock.js";
import { html, nothing, rich, vars } from "../../lib/dom.js";
import { isOpen } from "../../lib/lights.js";
import { cand, mark, sign } from "../../lib/marks.js";
import { t } from "../../lib/words.js";
import { foot, paged } from "./parts.js";
import { agenda } from "./quiet.js";

/** @typedef {import("../scenes.js").View} View */
/** @typedef {import("../scenes.js").Scene} Scene */
/** @typedef {import("../../lib/types.js").Question} Question */

/**
 * The question a scene is about: the one named, else the current item's, else the newest open one.
 * @param {View} view
 * @returns {Question|null}
 */
export function asked(view) {
  const segment = view.store.segment();
  const questions = /** @type {Question[]} */ (view.store.get("questions") || []);
  const known = questions.filter((one) => view.drafts || one.state !== "draft");
  const by = (/** @type {number|null} */ id) => known.find((one) => one.id === id);
  return by(view.question) || by(segment && segment.question) || known.find(isOpen) || null;
}

/** @param {Question} question */
function roundWords(question) {
  const words = [question.round ? t(`live.round.${question.round}`) : "", question.eligibility === "open" ? t("live.open_participation") : ""];
  return words.filter(Boolean).join(" · ");
}

/** @param {Question} question */
function promise(question) {
  if (question.secret) return t("stage.secret");
  return t(question.changeable ? "stage.changeable" : "stage.confirmed");
}

/** @param {View} view @param {Question} question */
function seats(view, question) {
  const one = (view.store.get("turnout") || {})[question.id] || { voted: 0, entitled: 0 };
  const of = Math.min(one.entitled, 160);
  const ticks = of ? Math.round((of * Math.min(one.voted, one.entitled)) / one.entitled) : 0;
  return html`<div class="seats">
    <p>${one.entitled ? rich("live.turnout", { n: one.voted, of: one.entitled }) : rich("live.turnout_open", { n: one.voted })}</p>
    ${of ? html`<div class="ticks" ${vars({ of, in: ticks })}></div>` : nothing}
  </div>`;
}

/** @param {Question} question  the options, where there is room for them; no order outlives the vote */
function options(question) {
  if (question.kind === "yesno") {
    return html`<ul class="answers"><li>${sign("yes")}${t("live.option.yes")}</li><li>${sign("no")}${t("live.option.no")}</li></ul>`;
  }
  if (question.kind === "dots" || question.options.length > 8) {
    if (!isOpen(question) && question.state !== "draft") return nothing;
    const key = question.kind === "dots" ? "stage.dots_how" : "stage.options_on_phone";
    return html`<p class="prompt">${t(key, { n: question.options.length, budget: question.config.budget || 5 })}</p>`;
  }
  return html`<ul class=${question.options.length > 3 ? "many" : ""}>
    ${question.options.map((option) => html`<li>${mark(option.id)} <span>${option.title}</span></li>`)}
  </ul>`;
}

/** The beginning of the ballots' Merkle root: what the room can note down before the result. @param {View} view @param {Question} question */
function seal(view, question) {
  const { root } = (view.store.get("turnout") || {})[question.id] || {};
  return root ? html`<small>${rich("stage.seal", { root: root.slice(0, 10) })}</small>` : nothing;
}

/** @param {View} view @param {Question} question */
function clock(view, question) {
  const { now } = view;
  if (question.state === "closed") return html`<p class="count-down"><span>${t("live.state.closed")}</span>${seal(view, question)}</p>`;
  if (!isOpen(question) || !question.closes_at) return nothing;
  const left = question.closes_at - now;
  return html`<p class="count-down" role="timer">
    <span>${t(left <= 10000 ? "stage.closing" : "stage.left")}</span><b>${countdown(left)}</b>
  </p>`;
}

/** The word for the state; that of a closed question stands large in the place of the clock. @param {Question} one */
function word(one) {
  if (isOpen(one)) return html`<span class="live">${t(one.kind === "dots" ? "live.state.open_dots" : "live.state.open")}</span>`;
  return one.state === "closed" ? nothing : html`<span>${t(`live.state.${one.state}`)}</span>`;
}

/** What the room may count on, as long as it may. @param {Question} one */
const pledge = (one) => (one.state === "revealed" ? nothing : one.state === "closed" ? t("stage.reveal_soon") : promise(one));

/** @param {View} view @returns {Scene} */
export function question(view) {
  const one = asked(view);
  if (!one) return agenda(view);
  return {
    classes: "scene-question",
    pages: 1,
    body: html`<p class="s-top"><span>${word(one)} ${roundWords(one)}</span><span>${pledge(one)}</span></p>
      <section class="ask enter-scene">
        <div>
          <h1 class=${one.title.length > 28 ? "long" : ""}>${one.title}</h1>
          ${options(one)}
        </div>
        ${clock(view, one)}
      </section>
      ${foot(view, seats(view, one))}`,
  };
}

/** @param {Question} one  rows before the reveal: the options in their order, without a number */
const unknown = (one) => {
  const ids = one.kind === "yesno" ? ["yes", "no", "abstain"] : one.options.map((option) => option.id);
  return ids.map((id) => ({ id, figure: null, unit: "", count: 0, share: null, bar: "0", place: 0 }));
};

/** @param {any} row  counts per score, tallest column as high as the room allows */
const spread = (row) => html`<span class="spread" ${vars({ cols: Object.keys(row.spread).length })}
  >${columns(row.spread).map((column) => html`<span>${column.n}<i ${vars({ n: (column.height * 32) / 100 })}></i></span>`)}</span
>`;

/** How many passed over this candidate, so that the columns add up to the base. @param {any} row @param {any} result */
function passes(row, result) {
  const n = row.spread && result ? passed(row, result) : 0;
  return n ? html`<small>${t("live.passed", { n })}</small>` : nothing;
}

/** A difference with a true minus sign. @param {string} change */
const minus = (change) => change.replace("-", "−");

/**
 * What the figures are, where the unit beside them does not say it. An order can be counted in
 * three ways, and each has its own name.
 * @param {Question} one @param {any} result @param {any} row
 */
function measured(one, result, row) {
  if (!row || !row.unit) return "";
  if (one.kind === "ranking") return t(`stage.ranked.${result.method}`);
  return row.unit === "votes" ? "" : t(`stage.measure.${row.unit}`, { max: one.config.max || 5 });
}

/** The unit beside a figure: a mean's stands above the rows, and duels have none. @param {any} row @param {any} result */
const small = (row, result) => (row.figure === null || !row.unit || row.unit === "mean" || result.method === "pairwise" ? "" : unit(row));

/** What stands beside a figure. First choices would contradict the order that a ranking was counted in. @param {Question} one @param {any} row @param {any} shift */
function beside(one, row, shift) {
  if (one.kind === "ranking") return html`<span></span>`;
  if (row.spread) return spread(row);
  const moved = shift && shift.change ? html` <span class="muted">${t("stage.shift", { change: minus(shift.change) })}</span>` : nothing;
  return html`<span class="share">${row.share ? `${row.share}%` : ""}${moved}</span>`;
}

/** @param {Question} one @param {any} result */
function baseWords(one, result) {
  const { certificate } = result;
  const shift = one.kind === "ranking" ? null : result.shift;
  const came = certificate
    ? [channelLine(certificate.channels), certificate.present ? t("stage.present", { n: certificate.present }) : ""].filter(Boolean).join(", ")
    : t("stage.still_open");
  const all = [came, one.eligibility === "open" ? t("live.open_participation") : ""].filter(Boolean).join(" · ");
  return html`<p class="s-note">
    ${baseLine(result)}${shift ? html` · ${t("stage.shift_base", { n: shift.n })}` : nothing}<br />
    <span class="muted">${all}</span>
  </p>`;
}

/** @param {View} view @returns {Scene} */
export function reveal(view) {
  const one = asked(view);
  if (!one) return agenda(view);
  const result = (view.store.get("tally") || {})[one.id];
  const shown = result && (one.state === "revealed" || one.results === "live");
  const rows = shown ? result.rows : unknown(one);
  const size = 5;
  const { some, pages, words } = paged(rows, view.page, size);
  const scores = some[0] && some[0].spread ? Object.keys(some[0].spread).sort((a, b) => Number(a) - Number(b)) : null;
  const shifts = (shown && result.shift && result.shift.rows) || [];
  const shiftOf = (/** @type {string} */ id) => shifts.find((/** @type {any} */ row) => row.id === id);
  const measure = measured(one, result, some[0]);
  return {
    classes: "scene-reveal",
    pages,
    body: html`<header class="s-top">
        <h1 class=${one.title.length > 24 ? "long" : ""}>${one.title}</h1>
        <span>${[roundWords(one), measure, words].filter(Boolean).join(" · ")}</span>
      </header>
      <ol class="results rows enter-scene ${shown ? "just-revealed" : ""} ${some.length > 3 ? "dense" : ""} ${scores ? "" : "flat-rows"}" ${vars({ rows: Math.max(3, some.length) })}>
        <li class="heads" aria-hidden="true">
          <span></span><span></span><span class="end">${scores ? t(shifts.length ? "stage.mean_moved" : "stage.mean") : ""}</span>
          ${scores ? html`<span class="five" ${vars({ cols: scores.length })}>${scores.map((n) => html`<span>${t("live.points_n", { n })}</span>`)}</span>` : html`<span></span>`}
        </li>
        ${some.map(
          (/** @type {any} */ row) => html`<li class="${cand(row.id)}">
            ${one.kind === "yesno" ? html`<span class="plain">${row.id === "abstain" ? "" : sign(row.id)}</span>` : mark(row.id)}
            <div>
              <h2>${titleOf(one, row.id)} ${passes(row, result)}</h2>
              <span class="bar"><i ${vars({ m: Number(row.bar) / 20 })}></i></span>
            </div>
            <span class="mean">${row.figure === null ? "–" : row.figure}${small(row, result) ? html`<small>${small(row, result)}</small>` : shiftOf(row.id) && shiftOf(row.id).change ? html`<small>${minus(shiftOf(row.id).change)}</small>` : nothing}</span>
            ${shown ? beside(one, row, shiftOf(row.id)) : html`<span></span>`}
          </li>`,
        )}
      </ol>
      ${foot(view, shown ? baseWords(one, result) : html`<p class="s-note">${t("stage.sorted_when_shown")}</p>`)}`,
  };
}
