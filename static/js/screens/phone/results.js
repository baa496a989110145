/**
 * What was decided today, for as long as somebody keeps this page: the result of every question
 * that was revealed, the newest first, each with one's own vote, and the way to the score page.
 */

import { ballot } from "../../ballots/index.js";
import { html, nothing } from "../../lib/dom.js";
import { t } from "../../lib/words.js";
import { countedWords, tags } from "./vote.js";

/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../../lib/types.js").Question} Question */

/** @param {Phone} phone @returns {Question[]}  the newest first */
function revealed(phone) {
  const { store } = phone.page;
  const tally = store.get("tally") || {};
  /** @type {Question[]} */
  const known = store.get("questions") || [];
  return known.filter((one) => one.state === "revealed" && tally[one.id]).sort((a, b) => (b.revealed_at || 0) - (a.revealed_at || 0));
}

/** @param {Phone} phone @param {Question} question @param {boolean} open */
function row(phone, question, open) {
  const kind = ballot(question.kind, phone.paint);
  const what = countedWords(phone, question);
  return html`<details class="found" ?open=${open}>
    <summary>
      <span>${question.title} ${tags(question)}${what ? html`<small>${t("phone.own_vote", { what })}</small>` : nothing}</span>
    </summary>
    ${kind ? kind.draw(question, phone.page.store.get("tally")[question.id]) : nothing}
  </details>`;
}

/**
 * @param {Phone} phone
 * @param {{most?: number, open?: boolean}} [how]  how many, and whether the newest lies open
 */
export function results(phone, { most, open = false } = {}) {
  const all = revealed(phone);
  if (!all.length) return nothing;
  return html`<section class="part">
    <h2>${t("phone.results")} ${most && all.length > most ? html`<a href="#votes">${t("phone.all_results")}</a>` : nothing}</h2>
    <div>${all.slice(0, most).map((one, i) => row(phone, one, open && i === 0))}</div>
  </section>`;
}

/** The way to the score page, once there are figures or nothing else is to come here. @param {Phone} phone */
export function scoreLink(phone) {
  const { store } = phone.page;
  const score = store.get("score");
  const ended = (store.get("agenda") || {}).state === "ended";
  if (!score || !(score.result || ended)) return nothing;
  return html`<p><a class="btn btn-wide" href="/s/${score.selection}">${t("phone.score_page")}</a></p>`;
}
