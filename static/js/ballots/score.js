/** A score for every candidate, or an explicit abstention: silence is not a zero. */

import { html, live, nothing, vars } from "../lib/dom.js";
import { cand, letter, mark } from "../lib/marks.js";
import { t } from "../lib/words.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {Record<string, number|null>} Draft  a candidate left out is not answered yet */

export const instant = false;

/** @param {Question} question */
function steps({ config }) {
  const [min, max] = [Number(config.min === undefined ? 1 : config.min), Number(config.max || 5)];
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

/**
 * @param {Question} question
 * @param {Draft} draft
 * @param {(draft: Draft) => void} update
 * @param {boolean} locked
 */
export function form(question, draft, update, locked) {
  const scores = steps(question);
  const { low_label: low, high_label: high } = question.config;
  const box = (/** @type {string} */ id, /** @type {number|null} */ value) => html`<label class=${value === null ? "pass" : ""}
    ><input
      type="radio"
      name=${`score-${id}`}
      value=${value === null ? "abstain" : value}
      .checked=${live(id in draft && draft[id] === value)}
      ?disabled=${locked}
      @change=${() => update({ ...draft, [id]: value })}
    /><span>${value === null ? t("live.option.abstain") : value}</span></label
  >`;
  return html`${low || high
      ? html`<p class="ends"><span>${scores[0]} ${low}</span><span>${high} ${scores[scores.length - 1]}</span></p>`
      : nothing}
    ${question.options.map(
      (option) => html`<fieldset class="ballot-row ${cand(option.id)}">
        <legend class="unseen">${letter(option.id)} ${option.title}</legend>
        <div class="ballot-head">${mark(option.id, "2.5rem")}<span>${option.title}</span>${box(option.id, null)}</div>
        <div class="rate" ${vars({ steps: Math.min(scores.length, scores.length > 7 ? 6 : 7) })}>
          ${scores.map((value) => box(option.id, value))}
        </div>
      </fieldset>`,
    )}`;
}

/** @param {Question} question @param {Draft} draft */
export function ready(question, draft) {
  const missing = question.options.filter((option) => !(option.id in draft));
  if (missing.length) return { ok: false, key: "live.ready.score_missing", params: { what: missing.map((one) => letter(one.id)).join(", ") } };
  return { ok: true, key: "live.ready.scored", params: { n: question.options.length, what: said(draft) } };
}

/**
 * "A 4, B 5, C abstained".
 * @param {Draft} draft
 */
export const said = (draft) =>
  Object.keys(draft)
    .sort()
    .map((id) => (draft[id] === null ? t("live.scored_pass", { id: letter(id) }) : t("live.scored_as", { id: letter(id), n: draft[id] })))
    .join(", ");

/** @param {Draft} draft */
export const choice = (draft) => ({ ...draft });

/** @param {any} stored @returns {Draft} */
export const draft = (stored) => (stored && typeof stored === "object" ? { ...stored } : {});

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export const draw = (question, result) => outcome(question, result);
