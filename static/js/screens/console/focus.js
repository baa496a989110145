/**
 * Which question the big button steers, from slices alone: a second moderator, the phone remote
 * and a page that was loaded anew all come to the same answer.
 */

import { isOpen } from "../../lib/lights.js";

/**
 * @typedef {import("../../lib/types.js").Question} Question
 * @typedef {import("../../lib/types.js").Agenda} Agenda
 */

/** A forum without a run of show is steered from question to question. @param {Agenda|null} agenda */
export const planless = (agenda) => !agenda || (agenda.state !== "ended" && !agenda.segments.length);

/**
 * The question that needs a hand first: being voted on, to be revealed, to be opened.
 * @param {Question[]} all
 * @returns {Question|null}
 */
export const waiting = (all) =>
  all.find(isOpen) || all.find((one) => one.state === "closed") || all.find((one) => one.state === "draft") || null;

/**
 * A question, or the newest that was asked again in its place.
 * @param {Question[]} all
 * @param {number|null} id
 * @returns {Question|null}
 */
function newest(all, id) {
  let found = all.find((one) => one.id === id) || null;
  for (let again = found; again; again = all.find((one) => one.reopens === /** @type {Question} */ (again).id) || null) found = again;
  return found;
}

/**
 * What was closed during this item and waits for its reveal, the last one first. What an earlier
 * item left unrevealed was left so on purpose.
 * @param {Question[]} all
 * @param {number} since
 */
function unrevealed(all, since) {
  const closed = all.filter((one) => one.state === "closed" && (one.closed_at || 0) >= since && !all.some((again) => again.reopens === one.id));
  return closed.sort((a, b) => (b.closed_at || 0) - (a.closed_at || 0))[0] || null;
}

/**
 * An open vote comes before everything but another question chosen by hand that is still to be
 * done: the button must never say "next" while phones are voting.
 * @param {{questions: Question[], agenda: Agenda|null, chosen: number|null}} facts  `chosen` by hand
 * @returns {Question|null}
 */
export function focus({ questions, agenda, chosen }) {
  const hand = questions.find((one) => one.id === chosen) || null;
  const segment = (agenda && agenda.segments.find((one) => one.id === agenda.current)) || null;
  const own = segment && newest(questions, segment.question);
  if (hand && hand.state !== "revealed") return hand;
  const voting = own && isOpen(own) ? own : questions.find(isOpen) || null;
  if (voting || hand) return voting || hand;
  if (planless(agenda)) {
    const shown = questions.filter((one) => one.state === "revealed");
    return waiting(questions) || shown.sort((a, b) => (b.revealed_at || 0) - (a.revealed_at || 0))[0] || null;
  }
  if (own && own.state === "closed") return own;
  return unrevealed(questions, (segment ? segment.started_at : agenda && agenda.ended_at) || 0) || own;
}

/** The last of these by when something happened to it. @param {Question[]} all @param {"opened_at"|"revealed_at"} when */
const last = (all, when) => all.slice().sort((a, b) => (b[when] || 0) - (a[when] || 0))[0] || null;

/** The question whose ballots are of interest: the one in hand once it was opened, else the last that was. @param {Question[]} all @param {Question|null} hand */
export const lastAsked = (all, hand) => (hand && hand.state !== "draft" ? hand : last(all.filter((one) => one.state !== "draft"), "opened_at"));

/**
 * The question that a scene would be about, were it put on the stage now. A result is that of the
 * vote in hand, else the last that was revealed.
 * @param {string} scene
 * @param {Question[]} all
 * @param {Question|null} hand  the one on the big button
 * @returns {Question|null}
 */
export function about(scene, all, hand) {
  if (scene === "question") return hand;
  if (scene === "reveal") return hand && hand.state !== "draft" ? hand : last(all.filter((one) => one.state === "revealed"), "revealed_at");
  if (scene !== "points") return null;
  return hand && hand.kind === "dots" ? hand : last(all.filter((one) => one.kind === "dots" && one.state !== "draft"), "opened_at");
}
