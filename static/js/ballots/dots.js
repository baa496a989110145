/** Points to spread like stickers, within a budget; every move is the ballot. */

import { html, nothing } from "../lib/dom.js";
import { mark } from "../lib/marks.js";
import { t } from "../lib/words.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {Record<string, number>} Draft */

export const instant = false;

/** @param {Draft} draft */
export const spent = (draft) => Object.keys(draft).reduce((sum, id) => sum + (draft[id] || 0), 0);

/** @param {Question} question */
export const budget = (question) => Number(question.config.budget) || 5;

/**
 * The draft after one point more or less, kept within the budget and the most per option.
 * @param {Question} question
 * @param {Draft} draft
 * @param {string} id
 * @param {1|-1} by
 * @returns {Draft}
 */
export function moved(question, draft, id, by) {
  const most = Number(question.config.per_option_max) || budget(question);
  const left = budget(question) - spent(draft);
  const now = draft[id] || 0;
  if ((by > 0 && (left < 1 || now >= most)) || (by < 0 && now < 1)) return draft;
  const next = { ...draft, [id]: now + by };
  if (!next[id]) delete next[id];
  return next;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 * @param {(draft: Draft) => void} update
 * @param {boolean} locked
 * @param {number|null} [table]  the voter's own table
 */
export function form(question, draft, update, locked, table = null) {
  const left = budget(question) - spent(draft);
  const most = Number(question.config.per_option_max) || budget(question);
  const name = (/** @type {any} */ option) => (option.table ? t("live.table", { n: option.table }) : option.title);
  const stepper = (/** @type {any} */ option) => html`<div class="stepper">
    <button
      class="step"
      type="button"
      aria-label=${t("live.dots_take", { what: name(option) })}
      ?disabled=${locked || !draft[option.id]}
      @click=${() => update(moved(question, draft, option.id, -1))}
    >
      −
    </button>
    <b aria-label=${t("live.dots_given")}>${draft[option.id] || 0}</b>
    <button
      class="step"
      type="button"
      aria-label=${t("live.dots_give", { what: name(option) })}
      ?disabled=${locked || left < 1 || (draft[option.id] || 0) >= most}
      @click=${() => update(moved(question, draft, option.id, 1))}
    >
      +
    </button>
  </div>`;
  return html`<div class="purse" role="status">
      <span class="stickers" aria-hidden="true"
        >${Array.from({ length: Math.min(budget(question), 20) }, (_, i) => html`<i class=${i < spent(draft) ? "on" : ""}></i>`)}</span
      >
      <span>${left ? t("live.dots_left", { n: left }) : t("live.dots_none")}</span>
    </div>
    ${left ? nothing : html`<p class="label">${t("live.dots_spent")}</p>`}
    <ol class="wall">
      ${question.options.map(
        (option) => html`<li class=${draft[option.id] ? "mine" : ""}>
          <div>
            <span class="label">${option.table ? name(option) : mark(option.id, "1.375rem")}</span>
            <p>${option.title}</p>
          </div>
          ${question.config.not_own_table && table && option.table === table
            ? html`<span class="own">${t("live.dots_own")}</span>`
            : stepper(option)}
        </li>`,
      )}
    </ol>`;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 */
export const ready = (question, draft) => ({
  ok: true,
  key: spent(draft) ? "live.ready.dots" : "live.ready.dots_none",
  params: { n: spent(draft), left: budget(question) - spent(draft) },
});

/** @param {Draft} draft */
export function choice(draft) {
  /** @type {Draft} */
  const clean = {};
  for (const id of Object.keys(draft)) if (draft[id] > 0) clean[id] = draft[id];
  return clean;
}

/** @param {any} stored @returns {Draft} */
export const draft = (stored) => (stored && typeof stored === "object" ? { ...stored } : {});

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export const draw = (question, result) => outcome(question, result, { marks: question.options.every((one) => !one.table) });
