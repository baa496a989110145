/** Several of a list, at most `max`; a write-in, where allowed, counts as one of them. */

import { html, live, nothing } from "../lib/dom.js";
import { cand, mark } from "../lib/marks.js";
import { t } from "../lib/words.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {{picks?: string[], other?: string}} Draft */

export const instant = false;

const OTHER_LIMIT = 100;

/** @param {Draft} draft */
const count = (draft) => (draft.picks || []).length + ((draft.other || "").trim() ? 1 : 0);

/** @param {Question} question */
const most = (question) => Number(question.config.max) || question.options.length;

/**
 * @param {Question} question
 * @param {Draft} draft
 * @param {(draft: Draft) => void} update
 * @param {boolean} locked
 */
export function form(question, draft, update, locked) {
  const picks = draft.picks || [];
  const full = count(draft) >= most(question);
  const toggle = (/** @type {string} */ id) =>
    update({ ...draft, picks: picks.includes(id) ? picks.filter((one) => one !== id) : [...picks, id] });
  return html`<fieldset class="options">
    <legend class="label">${t("live.multiple_legend", { n: most(question) })}</legend>
    ${question.options.map(
      (option) => html`<label class="option ${cand(option.id)}"
        ><input
          type="checkbox"
          name="picks"
          value=${option.id}
          .checked=${live(picks.includes(option.id))}
          ?disabled=${locked || (full && !picks.includes(option.id))}
          @change=${() => toggle(option.id)}
        /><span>${mark(option.id)}<span>${option.title}</span></span></label
      >`,
    )}
    ${question.config.write_in
      ? html`<label class="write-in"
          ><span class="label">${t("live.write_in")}</span
          ><input
            class="field"
            name="other"
            maxlength=${OTHER_LIMIT}
            autocomplete="off"
            .value=${live(draft.other || "")}
            ?disabled=${locked || (full && !(draft.other || "").trim())}
            @input=${(/** @type {any} */ event) => update({ ...draft, other: event.target.value })}
        /></label>`
      : nothing}
  </fieldset>`;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 */
export function ready(question, draft) {
  const n = count(draft);
  if (!n) return { ok: false, key: "live.ready.pick_some", params: { n: most(question) } };
  if (n > most(question)) return { ok: false, key: "live.ready.too_many", params: { n: most(question) } };
  return { ok: true, key: "live.ready.picks", params: { n, max: most(question) } };
}

/** @param {Draft} draft */
export function choice(draft) {
  const other = (draft.other || "").trim();
  return other ? { picks: draft.picks || [], other } : { picks: draft.picks || [] };
}

/** @param {any} stored @returns {Draft} */
export const draft = (stored) =>
  stored && typeof stored === "object" ? { picks: stored.picks || [], other: stored.other || "" } : { picks: [] };

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export function draw(question, result) {
  const others = /** @type {any[]} */ (result.others || []);
  const more = others.length
    ? html`<p class="label">${t("live.write_ins", { n: others.length })}</p>
        <ul class="write-ins">
          ${others.map((one) => html`<li>${typeof one === "string" ? one : one.text}</li>`)}
        </ul>`
    : nothing;
  return outcome(question, result, { more });
}
