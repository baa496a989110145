/**
 * The score board's parts, the same on stage, phone and page: three textures for three sources,
 * the digits as the server printed them, and one sentence about the lead.
 */

import { html, nothing, vars } from "./dom.js";
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
  const place = (/** @type {any} */ row) => (row.rank === null ? Infinity : row.rank);
  return rows.sort((/** @type {any} */ a, /** @type {any} */ b) => place(a) - place(b) || 0);
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

/**
 * The lead in one sentence: its size, or the step that broke a tie.
 * @param {any} result
 * @param {any[]} rows  first place first
 */
function lead({ margin, decided_by: step }, [first, second]) {
  if (!second) return "";
  if (step === "revote_needed") return t("live.score.revote");
  if (step !== "total") return t("live.score.even", { a: first.id, b: second.id });
  return margin ? t("live.score.margin", { a: first.id, b: second.id, n: margin.display }) : "";
}

/**
 * How little would have changed the first place, or what the panel decided.
 * @param {any} score
 * @param {any[]} rows
 */
function after({ decision, result }, [first, second]) {
  if (decision) return t(decision.departs ? "live.score.departs" : "live.score.confirms", { who: decision.candidate || first.id });
  const flips = (result.sensitivity && result.sensitivity.votes_to_flip) || {};
  const close = second && flips.sympathy ? t("live.score.flip", { b: second.id, n: flips.sympathy }) : "";
  return [close, t("live.score.not_decided")].filter(Boolean).join(" ");
}

/**
 * That fewer sheets than the quorum are behind the panel's points, and of whom where not of all.
 * @param {any} result
 * @param {any[]} rows
 */
function short({ panel }, rows) {
  const sheets = (/** @type {any} */ row) => row.facts.panel.sheets;
  const few = panel ? rows.filter((row) => sheets(row) < panel.quorum) : [];
  if (!few.length) return nothing;
  const whose = few.length < rows.length ? `${few.map((row) => row.id).join(" · ")}: ` : "";
  const said = t("live.score.short", { n: Math.min(...few.map(sheets)), seats: panel.seats, quorum: panel.quorum });
  return html`<br /><strong>${whose}${said}</strong>`;
}

/** @param {any} score  why the parts shown do not add up to the total shown, where they do not */
export const rounding = (score) => (score.rounded ? t("live.score.rounded") : "");

/** @param {any} score  what the decision or the numbers say, and how few sheets stand behind them */
export function verdict(score) {
  const rows = standings(score);
  return html`<p class="verdict"><b>${lead(score.result, rows)}</b><br />${after(score, rows)}${short(score.result, rows)}</p>`;
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
