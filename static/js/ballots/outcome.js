/**
 * A question's result for a phone or a page: rows in the order they were counted in, each bar with
 * its figure, and the base below. The stage has its own, larger drawing of the same rows.
 */

import { html, nothing, vars } from "../lib/dom.js";
import { cand, mark } from "../lib/marks.js";
import { t } from "../lib/words.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {import("../lib/types.js").Result} Result */
/** @typedef {import("../lib/types.js").Row} Row */

/**
 * What stands for a row: its mark and title; yes, no and abstain have words of their own.
 * @param {Question} question
 * @param {string} id
 */
export function titleOf(question, id) {
  const option = question.options.find((one) => one.id === id);
  if (option) return option.table && !option.title ? t("live.table", { n: option.table }) : option.title;
  return t(`live.option.${id}`);
}

/**
 * The table an option speaks for, before its words.
 * @param {Question} question
 * @param {string} id
 */
function tableOf(question, id) {
  const option = question.options.find((one) => one.id === id);
  return option && option.table ? html`<small class="muted">${t("live.table", { n: option.table })} </small>` : nothing;
}

/** @param {Row} row  the figure with its unit; a share only where ballots are counted */
function figure(row) {
  if (row.figure === null) return html`–`;
  const share = row.share && row.unit === "votes" ? ` · ${row.share}%` : "";
  return html`${row.figure}<small> ${unit(row)}${share}</small>`;
}

/** Ballots that gave this candidate no score. @param {Row} row @param {Result} result */
export const passed = (row, result) =>
  result.n - Object.values(row.spread || {}).reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0);

/** @param {Row} row */
export const unit = (row) => t(`live.unit.${row.unit}`, { n: row.figure });

/**
 * The sentence about who stands behind a result: ballots and abstentions.
 * @param {Result} result
 */
export function baseLine(result) {
  return result.abstained ? t("live.base_abstained", { n: result.n, abstained: result.abstained }) : t("live.base", { n: result.n });
}

/**
 * How the ballots came, zero channels left out.
 * @param {Record<string, number>|undefined} channels
 */
export function channelLine(channels) {
  const parts = ["phone", "open", "proxy", "paper"].filter((name) => channels && channels[name]);
  return parts.map((name) => t(`live.channel.${name}`, { n: (channels || {})[name] })).join(" · ");
}

/**
 * The columns of a spread in order of score; heights are percentages of the tallest.
 * @param {Record<string, number>} spread
 */
export function columns(spread) {
  const scores = Object.keys(spread).sort((a, b) => Number(a) - Number(b));
  const top = Math.max(1, ...scores.map((score) => spread[score]));
  return scores.map((score) => ({ score, n: spread[score], height: Math.round((100 * spread[score]) / top) }));
}

/** @param {Record<string, number>} spread */
const distribution = (spread) => html`<div class="dist" aria-hidden="true">
    ${columns(spread).map((column) => html`<i ${vars({ n: column.height })}></i>`)}
  </div>
  <p class="dist-axis">
    ${columns(spread).map((column) => html`<span>${t("live.spread_of", { score: column.score, n: column.n })}</span>`)}
  </p>`;

/**
 * @param {Question} question
 * @param {Result} result
 * @param {{marks?: boolean, more?: unknown}} [how]
 */
export function outcome(question, result, { marks = true, more = nothing } = {}) {
  return html`<ol class="outcome">
      ${result.rows.map(
        (row) => html`<li class=${marks ? cand(row.id) : "bare"}>
          ${marks ? mark(row.id) : nothing}
          <h3>${tableOf(question, row.id)}${titleOf(question, row.id)}</h3>
          <p class="figure">${figure(row)}</p>
          <span class="bar"><i ${vars({ to: `${row.bar}%` })}></i></span>
          ${row.spread
            ? html`<div class="spread-of">
                ${distribution(row.spread)}${passed(row, result) ? html`<p class="label">${t("live.passed", { n: passed(row, result) })}</p>` : nothing}
              </div>`
            : nothing}
        </li>`,
      )}
    </ol>
    ${more}
    <p class="label">
      ${baseLine(result)}${result.certificate ? html`<br />${channelLine(result.certificate.channels)}` : nothing}
    </p>`;
}
