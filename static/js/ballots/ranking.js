/** An order, best first: tapping gives the next place, so three candidates take three taps. */

import { html, nothing } from "../lib/dom.js";
import { cand, letter, mark } from "../lib/marks.js";
import { t } from "../lib/words.js";
import { outcome } from "./outcome.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {{order?: string[]}} Draft */

export const instant = false;

/**
 * The order after a tap: a new candidate takes the last place, a ranked one leaves.
 * @param {string[]} order
 * @param {string} id
 */
export const tapped = (order, id) => (order.includes(id) ? order.filter((one) => one !== id) : [...order, id]);

/**
 * The order after one candidate moves one place up.
 * @param {string[]} order
 * @param {string} id
 */
export function raised(order, id) {
  const at = order.indexOf(id);
  if (at < 1) return order;
  const next = order.slice();
  next.splice(at - 1, 2, order[at], order[at - 1]);
  return next;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 * @param {(draft: Draft) => void} update
 * @param {boolean} locked
 */
export function form(question, draft, update, locked) {
  const order = draft.order || [];
  const ranked = order.map((id) => question.options.find((option) => option.id === id)).filter(Boolean);
  const rest = question.options.filter((option) => !order.includes(option.id));
  const row = (/** @type {any} */ option) => {
    const at = order.indexOf(option.id);
    return html`<li class="${cand(option.id)} ${at < 0 ? "unranked" : ""}">
      <button
        class="rank"
        type="button"
        ?disabled=${locked}
        aria-label=${at < 0
          ? t("live.rank_add", { title: option.title, n: order.length + 1 })
          : t("live.rank_drop", { title: option.title, n: at + 1 })}
        @click=${() => update({ order: tapped(order, option.id) })}
      >
        <span class="place">${at < 0 ? "–" : at + 1}</span>${mark(option.id)}<span>${option.title}</span>
      </button>
      <span class="steps"
        >${at > 0 && !locked
          ? html`<button
              class="step"
              type="button"
              aria-label=${t("live.rank_up", { title: option.title })}
              @click=${() => update({ order: raised(order, option.id) })}
            >
              ↑
            </button>`
          : nothing}</span
      >
    </li>`;
  };
  return html`<p class="label">${t("live.rank_how")}</p>
    <ol class="ranking">
      ${ranked.map(row)}${rest.map(row)}
    </ol>`;
}

/**
 * @param {Question} question
 * @param {Draft} draft
 */
export function ready(question, draft) {
  const order = draft.order || [];
  if (!order.length) return { ok: false, key: "live.ready.rank_one" };
  const what = order.map(letter).join(" → ");
  return order.length < question.options.length
    ? { ok: true, key: "live.ready.ranked_some", params: { what, n: question.options.length - order.length } }
    : { ok: true, key: "live.ready.ranked", params: { what } };
}

/** @param {Draft} draft */
export const choice = (draft) => (draft.order || []).slice();

/** @param {any} stored @returns {Draft} */
export const draft = (stored) => ({ order: Array.isArray(stored) ? stored.slice() : [] });

/**
 * @param {Question} question
 * @param {import("../lib/types.js").Result} result
 */
export const draw = (question, result) => outcome(question, result);
