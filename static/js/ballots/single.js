/** One of several options, or abstain where the question allows it. One tap is the ballot. */

import { html, live, nothing } from "../lib/dom.js";
import { cand, mark } from "../lib/marks.js";
import { t } from "../lib/words.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {{pick?: string}} Draft */

export const instant = true;

/**
 * @param {Question} question
 * @param {Draft} draft
 * @param {(draft: Draft) => void} update
 * @param {boolean} locked
 */
export function form(question, draft, update, locked) {
  const row = (/** @type {string} */ id, /** @type {unknown} */ inner, /** @type {string} */ kind) => html`<label
    class="option ${kind}"
    ><input
      type="radio"
      name="choice"
      value=${id}
      .checked=${live(draft.pick === id)}
      ?disabled=${locked}
      @change=${() => update({ pick: id })}
    /><span>${inner}</span></label
  >`;
  return html`<fieldset class="options">
    <legend class="unseen">${question.title}</legend>
    ${question.options.map((option) => row(option.id, html`${mark(option.id)}<span>${option.title}</span>`, cand(option.id)))}
    ${question.config.abstain
      ? row("abstain", html`<span>${t("live.option.abstain")}</span>`, "option-plain option-pass")
      : nothing}
  </fieldset>`;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 */
export function ready(question, draft) {
  if (!draft.pick) return { ok: false, key: "live.ready.pick_one" };
  const option = question.options.find((one) => one.id === draft.pick);
  return { ok: true, key: "live.ready.picked", params: { what: option ? option.title : t("live.option.abstain") } };
}

/** @param {Draft} draft */
export const choice = (draft) => draft.pick || "";

/** @param {any} stored @returns {Draft} */
export const draft = (stored) => ({ pick: typeof stored === "string" ? stored : undefined });

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export const draw = (question, result) => outcome(question, result);
