/** Yes, no or abstain: the ring and the cross Korean rooms know, in ink. One tap is the ballot. */

import { html, live } from "../lib/dom.js";
import { sign } from "../lib/marks.js";
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
  const box = (/** @type {string} */ value, /** @type {unknown} */ inner, extra = "") => html`<label class="${extra}"
    ><input
      type="radio"
      name="choice"
      value=${value}
      .checked=${live(draft.pick === value)}
      ?disabled=${locked}
      @change=${() => update({ pick: value })}
    /><span>${inner}</span></label
  >`;
  return html`<fieldset class="choice">
    <legend class="unseen">${t("live.yesno_legend")}</legend>
    ${box("yes", html`${sign("yes")}${t("live.option.yes")}`)} ${box("no", html`${sign("no")}${t("live.option.no")}`)}
    ${box("abstain", t("live.option.abstain"), "choice-pass")}
  </fieldset>`;
}

/**
 * @param {Question} _question
 * @param {Draft} draft
 */
export const ready = (_question, draft) =>
  draft.pick
    ? { ok: true, key: "live.ready.picked", params: { what: t(`live.option.${draft.pick}`) } }
    : { ok: false, key: "live.ready.pick_one" };

/** @param {Draft} draft */
export const choice = (draft) => draft.pick || "";

/** @param {any} stored @returns {Draft} */
export const draft = (stored) => ({ pick: typeof stored === "string" ? stored : undefined });

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export const draw = (question, result) => outcome(question, result, { marks: false });
