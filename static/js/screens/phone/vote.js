/**
 * One question on a phone, from open to revealed: the facts, the ballot, the deed or its light,
 * the turnout, and after the reveal the result. While it is open there is no bar and no order.
 */

import { ballot } from "../../ballots/index.js";
import { countdown } from "../../lib/clock.js";
import { composing, html, nothing, rich, vars } from "../../lib/dom.js";
import { isCounted, isLate, isOpen, stateKey } from "../../lib/lights.js";
import { lang, t } from "../../lib/words.js";

/** @typedef {import("../../lib/types.js").Question} Question */
/** @typedef {import("../phone.js").Phone} Phone */
/** @typedef {import("../../ballots/index.js").BallotKind} BallotKind */

/** @param {Question} question  the sentence about what a ballot is before it is cast */
function promise(question) {
  if (question.secret) return t("phone.promise.secret");
  if (question.kind === "dots") return t("phone.promise.dots");
  return t(question.changeable ? "phone.promise.recorded" : "phone.promise.confirmed");
}

/** @param {Question} question @returns {unknown} round and openness, as tags */
export const tags = (question) => html`${question.round ? html`<span class="tag">${t(`live.round.${question.round}`)}</span>` : nothing}
  ${question.eligibility === "open" ? html`<span class="tag">${t("live.open_participation")}</span>` : nothing}`;

/**
 * @param {Question} question
 * @param {number} now
 */
function clock(question, now) {
  if (!isOpen(question) || !question.closes_at) return nothing;
  const left = question.closes_at - now;
  const whole = Math.max(1, question.closes_at - (question.opened_at || now));
  const share = Math.max(0, Math.min(100, (100 * left) / whole));
  return html`<p class="clock ${left <= 10000 ? "clock-last" : ""}" role="timer" aria-label=${t("live.left")}>
      <b>${countdown(left)}</b>
    </p>
    <div class="drain" ${vars({ left: `${share}%` })}><i></i></div>`;
}

/** @param {Phone} phone @param {Question} question */
function head(phone, question) {
  const now = phone.page.clock.now();
  const running = isOpen(question) && !isLate(question, now);
  return html`<header class="question">
    <p class="facts">
      <span class=${running ? "live" : "tag"}>${t(stateKey(question, now))}</span>
      ${running ? html`<span>${promise(question)}</span>` : nothing} ${tags(question)}
    </p>
    <h1>${question.title}</h1>
    ${clock(question, now)}
  </header>
  ${question.help && running ? html`<p class="soft help">${question.help}</p>` : nothing}`;
}

/**
 * A choice in words; nothing where this phone does not know it.
 * @param {Question} question
 * @param {any} choice
 * @param {() => void} paint
 * @returns {string}
 */
export function choiceWords(question, choice, paint) {
  const kind = ballot(question.kind, paint);
  if (choice === undefined || choice === null || !kind) return "";
  const state = kind.ready(question, kind.draft(choice));
  return t(state.key.replace("live.ready.", "live.chose."), state.params);
}

/** What counts, in words, or nothing. @param {Phone} phone @param {Question} question @returns {string} */
export function countedWords(phone, question) {
  const vote = phone.votes.vote(question.id);
  return isCounted(vote) ? choiceWords(question, vote.choice, phone.paint) : "";
}

/** @param {Phone} phone @param {Question} question */
export function lightOf(phone, question) {
  const { votes } = phone;
  const at = votes.light(question);
  if (!at) return nothing;
  const params = { ...at.params, n: at.params.n || 0 };
  const what = isOpen(question) ? "" : countedWords(phone, question);
  const tone = at.tone === "kept" ? "light-wait light-kept" : `light-${at.tone}`;
  return html`<div class="light ${tone}" role=${at.tone === "fail" ? "alert" : "status"}>
    <i class="lamp"></i>
    <p>
      <b>${t(at.title, params)}${at.code ? html` <span class="stub">${at.code}</span>` : nothing}</b>
      <small>${t(at.line, params)}</small>
      ${what ? html`<small>${t("phone.counted_choice", { what })}</small>` : nothing}
    </p>
    ${at.change && question.kind !== "dots"
      ? html`<button class="btn btn-low" type="button" @click=${() => votes.change(question.id)}>${t("phone.change")}</button>`
      : nothing}
  </div>`;
}

/** @param {Phone} phone @param {Question} question @param {BallotKind} kind */
function deed(phone, question, kind) {
  const { votes } = phone;
  const draft = votes.draft(question);
  const state = kind.ready(question, draft);
  const loose = question.changeable && !question.secret;
  if (votes.locked(question) || (question.kind === "dots" && loose && votes.light(question))) {
    return html`<div class="deed">${lightOf(phone, question)}${next(phone, question)}</div>`;
  }
  const still = stillCounted(phone, question);
  if (loose && kind.instant) return html`<div class="deed">${still}<p>${t("phone.tap_votes")}</p></div>`;
  if (loose && question.kind === "dots") return html`<div class="deed"><p>${t("phone.dots_moves")}</p></div>`;
  if (votes.confirming === question.id) return confirm(phone, question, state);
  return html`<div class="deed">
    ${still}
    <button class="btn btn-main btn-tall btn-wide" type="submit" form="ballot" aria-disabled=${state.ok ? "false" : "true"}>
      ${t(loose ? "phone.cast" : "phone.to_confirm")}
    </button>
    <p>${t(state.key, state.params)}</p>
  </div>`;
}

/**
 * While a vote is being changed, the earlier one counts: said until the new one is sent.
 * @param {Phone} phone
 * @param {Question} question
 */
function stillCounted(phone, question) {
  const { votes } = phone;
  const what = votes.editing.has(question.id) && countedWords(phone, question);
  if (!what) return nothing;
  return html`<div class="light light-wait light-kept" role="status">
    <i class="lamp"></i>
    <p><small>${t("phone.still_counted", { what })}</small></p>
    <button class="btn btn-low" type="button" @click=${() => votes.leave(question.id)}>${t("phone.leave")}</button>
  </div>`;
}

/**
 * The one confirm step of a secret or confirmed ballot: it says what follows before it follows.
 * @param {Phone} phone
 * @param {Question} question
 * @param {any} state
 */
function confirm(phone, question, state) {
  const { votes } = phone;
  return html`<div class="deed" role="group" aria-label=${t("phone.confirm")}>
    <p><b>${t(question.secret ? "phone.confirm_secret" : "phone.confirm_recorded")}</b><br />${t(state.key, state.params)}</p>
    <div class="two">
      <button class="btn btn-tall" type="button" @click=${() => votes.update(question, votes.draft(question))}>${t("phone.look_again")}</button>
      <button class="btn btn-main btn-tall" type="button" @click=${() => votes.cast(question)}>${t("phone.confirm")}</button>
    </div>
  </div>`;
}

/**
 * The way to the next question that waits for this person.
 * @param {Phone} phone
 * @param {Question} question
 */
function next(phone, question) {
  const waiting = phone.waiting().filter((one) => one.id !== question.id);
  if (!waiting.length) return nothing;
  return html`<button class="btn btn-wide" type="button" @click=${() => phone.choose(waiting[0].id)}>
    ${t("phone.next_question", { n: waiting.length })}
  </button>`;
}

/** @param {Phone} phone @param {Question} question */
export function turnout(phone, question) {
  const one = (phone.page.store.get("turnout") || {})[question.id];
  if (!one) return nothing;
  const share = one.entitled ? Math.min(100, (100 * one.voted) / one.entitled) : 0;
  return html`<div class="turnout">
    <p>
      <span>${one.entitled ? rich("live.turnout", { n: one.voted, of: one.entitled }) : rich("live.turnout_open", { n: one.voted })}</span>
    </p>
    ${one.entitled ? html`<div class="drain" ${vars({ left: `${share}%` })}><i></i></div>` : nothing}
    <p class="label">${t(question.state === "closed" ? "phone.closed_wait" : "phone.hidden_until")}</p>
  </div>`;
}

/** @param {Phone} phone @param {Question} question @param {BallotKind} kind */
function result(phone, question, kind) {
  const tally = (phone.page.store.get("tally") || {})[question.id];
  if (question.state !== "revealed" || !tally) return turnout(phone, question);
  return html`<section class="part">
    <h2>${t("live.result")}</h2>
    ${kind.draw(question, tally)}
  </section>`;
}

/** Large type and language; early.js answers the switch and remembers it. */
export function switches() {
  const on = document.documentElement.dataset.type === "large";
  const other = lang() === "ko" ? "en" : "ko";
  return html`<div class="switches">
    <button class="btn" type="button" data-switch="type" data-on="large" aria-pressed=${on ? "true" : "false"}>${t("live.large_type")}</button>
    <a class="btn" lang=${other} hreflang=${other} href="?lang=${other}">${t("live.other_language")}</a>
  </div>`;
}

/** @param {Phone} phone @param {Question} question */
function mayVote(phone, question) {
  const { me } = phone.page.store;
  if (!me || me.seat === null || me.seat === undefined) return !phone.refused;
  return question.eligibility === "open" || me.role !== "open";
}

/**
 * The whole view of a question, or null while its kind of ballot is fetched.
 * @param {Phone} phone
 * @param {Question} question
 */
export function questionView(phone, question) {
  const { votes, page } = phone;
  const kind = ballot(question.kind, phone.paint);
  if (!kind) return null;
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    votes.submit(question);
  };
  if (!isOpen(question)) {
    return html`${head(phone, question)} ${lightOf(phone, question)} ${result(phone, question, kind)}
    ${next(phone, question)} ${switches()}`;
  }
  if (!mayVote(phone, question)) {
    return html`${head(phone, question)}
      <div class="light light-wait light-kept" role="status">
        <i class="lamp"></i>
        <p><b>${t("phone.seats_only")}</b><small>${t("phone.seats_only_line")}</small></p>
      </div>
      <p><a class="btn btn-wide" href="/f/${page.boot.code}/enter">${t("phone.ticket_by_hand")}</a></p>
      ${turnout(phone, question)} ${switches()}`;
  }
  const table = page.store.me ? page.store.me.table : null;
  return html`<form
      id="ballot"
      class="ballot"
      @submit=${send}
      @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && composing(event) && event.preventDefault()}
    >
      ${head(phone, question)}
      ${kind.form(question, votes.draft(question), (draft) => votes.update(question, draft), votes.locked(question), table)}
    </form>
    ${votes.has(question.id) ? turnout(phone, question) : nothing} ${switches()} ${deed(phone, question, kind)}`;
}
