/**
 * The score board's parts, the same on stage, phone and page: three textures for three sources,
 * the digits as the server printed them, and one sentence about the lead.
 */

import { html, vars } from "./dom.js";
import { t } from "./words.js";

export const SOURCES = ["sympathy", "live", "panel"];

/**
 * Candidates as the board prints them, first place first.
 * @param {any} score  the slice
 */
export function standings(score) {
  const titles = new Map((score.candidates || []).map((/** @type {any} */ one) => [one.id, one.title]));
  const rows = (score.result ? score.result.candidates : []).map((/** @type {any} */ one) => ({
    ...one,
    title: titles.get(one.id) || one.title || one.id,
  }));
  return rows.sort((/** @type {any} */ a, /** @type {any} */ b) => a.rank - b.rank);
}

/**
 * The lead of the first over the second as printed, or null.
 * @param {any[]} rows
 */
export function margin(rows) {
  if (rows.length < 2) return null;
  const cents = (/** @type {any} */ row) => Math.round(Number(row.total.display) * 100);
  return ((cents(rows[0]) - cents(rows[1])) / 100).toFixed(2);
}

/** @param {any} score */
export const legends = (score) => html`<p class="legends">
  ${SOURCES.map((name) => html`<span><i class="legend src-${name}"></i>${t(`live.source.${name}`)} ${(score.weights || {})[name]}</span>`)}
</p>`;

/** @param {any} row  the three parts as a stack, their figures below in the same order */
export const stack = (row) => html`<div class="stack" role="img" aria-label=${SOURCES.map((name) => `${t(`live.source.${name}`)} ${row[name].display}`).join(", ")}>
    ${SOURCES.map((name) => html`<i class="src-${name}" ${vars({ pt: row[name].display })}></i>`)}
  </div>
  <p class="parts" aria-hidden="true">${SOURCES.map((name) => html`<span ${vars({ pt: row[name].display })}>${row[name].display}</span>`)}</p>`;

/** @param {any} score  what the decision or the numbers say, in one sentence */
export function verdict(score) {
  const rows = standings(score);
  const [first, second] = rows;
  const { decision } = score;
  const line = margin(rows);
  return html`<p class="verdict">
    <b>${line === null ? "" : Number(line) === 0 ? t("live.score.even", { a: first.id, b: second.id }) : t("live.score.margin", { a: first.id, b: second.id, n: line })}</b>
    ${decision ? html`<br />${t(decision.departs ? "live.score.departs" : "live.score.confirms", { who: decision.candidate || first.id })}` : html`<br />${t("live.score.not_decided")}`}
  </p>`;
}

/** @param {any} score  which inputs are in, while there is no result yet */
export function inputs(score) {
  const { sympathy, live, sheets_final: sheets, panel_seats: seats } = score.inputs || {};
  const row = (/** @type {string} */ name, /** @type {boolean} */ is, extra = "") => html`<li>
    <span><i class="legend src-${name}"></i>${t(`live.source.${name}`)}</span><b>${is ? t("live.score.in") : t("live.score.not_in")}${extra}</b>
  </li>`;
  return html`<ul class="inputs">
    ${row("sympathy", Boolean(sympathy))} ${row("live", Boolean(live))}
    ${row("panel", Boolean(seats && sheets >= seats), seats ? ` · ${t("live.score.sheets", { n: sheets || 0, of: seats })}` : "")}
  </ul>`;
}
