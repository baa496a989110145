/**
 * The middle of the console: the live and the next scene, the question's state, and the one big
 * button. Close and reveal are apart, and both are held.
 */

import { channelLine } from "../../ballots/outcome.js";
import { countdown } from "../../lib/clock.js";
import { html, live, nothing } from "../../lib/dom.js";
import { isOpen } from "../../lib/lights.js";
import { t } from "../../lib/words.js";
import { framed, sceneOf, SCENES } from "../scenes.js";

/** @typedef {import("../console.js").Console} Console */
/** @typedef {import("../../lib/types.js").Question} Question */

const STATES = ["draft", "open", "closing", "closed", "revealed"];
const TIMES = [0, 30, 60, 120, 180, 300, 600];

/** The times to choose from, the question's own among them. @param {number} own */
const times = (own) => (TIMES.includes(own) ? TIMES : [...TIMES, own].sort((a, b) => a - b));

/** What the stage shows instead of a question that is not opened. @type {Record<string, string>} */
const UNTIL_OPEN = { question: "agenda", reveal: "agenda", points: "summaries" };

/** The name of what is on the stage now. @param {Console} desk @param {any} stage */
function named(desk, stage) {
  const question = desk.page.store.question(stage.question);
  const unseen = question && question.state === "draft";
  return t(`console.scene.${stage.blank ? "blank" : (unseen && UNTIL_OPEN[stage.scene]) || stage.scene}`);
}

/** @param {Console} desk */
export function views(desk) {
  const stage = desk.page.store.get("stage") || { scene: "waiting", question: null, blank: false };
  const next = desk.next();
  const look = (/** @type {any} */ shown, /** @type {any} */ qr, drafts = false) =>
    framed(sceneOf(shown, { store: desk.page.store, now: desk.page.clock.now(), page: 0, qr, host: desk.host, drafts }));
  return html`<div class="views">
      <section class="view view-live">
        <p><span class="live">${t("console.live")}</span><small>${named(desk, stage)}</small></p>
        <div class="frame" data-frame inert>${look(stage, desk.qrLive)}</div>
      </section>
      <section class="view view-next">
        <p><span>${t("console.next")}</span><small>${t(`console.scene.${next.scene}`)}</small></p>
        <div class="frame" data-frame inert>${look({ ...next, blank: false }, desk.qrNext, true)}</div>
      </section>
    </div>
    ${chooser(desk, stage, next)}`;
}

/** @param {Console} desk @param {any} stage @param {any} next */
function chooser(desk, stage, next) {
  const same = stage.scene === next.scene && (stage.question || null) === (next.question || null) && !stage.blank;
  return html`<div class="scenes">
    <div class="chips" role="group" aria-label=${t("console.scenes")}>
    ${Object.keys(SCENES)
      .filter((name) => name !== "blank")
      .map(
        (name) => html`<button class="chip" type="button" aria-pressed=${next.scene === name ? "true" : "false"} aria-disabled=${desk.lacks(name) ? "true" : "false"} @click=${() => desk.prepare(name)}>${t(`console.scene.${name}`)}</button>`,
      )}
    </div>
    <button class="btn btn-ink btn-low" type="button" aria-disabled=${same || desk.early() ? "true" : "false"} @click=${() => (same && !desk.early()) || desk.putOn()}>${t("console.put_on")}</button>
    ${desk.lacking ? html`<p class="soft lacking" role="status">${t(`console.lacking.${desk.lacking}`)}</p>` : nothing}
  </div>`;
}

/** @param {Question|null} question */
export const track = (question) => {
  if (!question) return nothing;
  const at = STATES.indexOf(question.state);
  return html`<ol class="states" aria-label=${t("console.states")}>
    ${STATES.map((name, i) => html`<li class=${i < at ? "was" : i === at ? "is" : ""} aria-current=${i === at ? "step" : nothing}>${t(`console.state.${name}`)}</li>`)}
  </ol>`;
};

/** What holds for a question now: what its voters may do ends with the close, what is hidden with the reveal. @param {Question} question */
export function facts(question) {
  const before = question.state === "draft" || isOpen(question);
  const hidden = question.results !== "live" && question.state !== "revealed";
  return [
    question.round ? t(`live.round.${question.round}`) : "",
    t(question.secret ? "console.fact.secret" : "console.fact.recorded"),
    before ? t(question.changeable ? "console.fact.changeable" : "console.fact.confirmed") : "",
    hidden ? t("console.fact.hidden") : before ? t("console.fact.live") : "",
    question.eligibility === "open" ? t("live.open_participation") : "",
  ].filter(Boolean).join(" · ");
}

/** One tick a seat, told apart by how the ballot came; more than two hundred share a tick. @param {any} one */
function ticks(one) {
  const of = Math.max(one.entitled, one.voted, 1);
  const each = Math.ceil(of / 160);
  const count = (/** @type {number} */ n) => Math.round(n / each);
  const kinds = [["phone", (one.channels.phone || 0) + (one.channels.open || 0)], ["proxy", one.channels.proxy || 0], ["paper", one.channels.paper || 0]];
  const row = kinds.flatMap(([name, n]) => Array.from({ length: count(Number(n)) }, () => name));
  while (row.length < count(of)) row.push("");
  return row.map((name) => html`<i class=${name}></i>`);
}

/** @param {Console} desk @param {Question} question */
function came(desk, question) {
  const one = (desk.page.store.get("turnout") || {})[question.id] || { voted: 0, entitled: 0, channels: {} };
  const missing = Math.max(0, one.entitled - one.voted);
  return html`<div class="came">
    <div class="seats-row" role="img" aria-label=${t("console.voted_of", { n: one.voted, of: one.entitled })}>${ticks(one)}</div>
    <p>
      ${["phone", "open", "proxy", "paper"].filter((name) => name === "phone" || one.channels[name]).map((name) => html`<span>${t(`console.channel.${name}`)} <b>${one.channels[name] || 0}</b></span>`)}
      ${one.entitled ? html`<span class="yet">${t("console.not_yet")} <b>${t("live.people", { n: missing })}</b></span>` : nothing}
    </p>
  </div>`;
}

/** @param {Console} desk @param {Question} question  what the close found, before anybody sees it */
function certificate(desk, question) {
  const tally = (desk.page.store.get("tally") || {})[question.id];
  const found = tally && tally.certificate;
  if (!found || isOpen(question)) return nothing;
  const came = [channelLine(found.channels), t("console.present", { n: found.present }), t(found.differs ? "console.differs" : "console.agrees")];
  return html`<div class="light ${found.differs ? "light-fail" : "light-done"} certificate" role="status">
    <i class="lamp"></i>
    <p>
      <b>${t("console.certificate", { n: found.counted, of: found.eligible })}</b>
      <small>${came.filter(Boolean).join(" · ")} <span class="code">${found.root.slice(0, 10)}</span></small>
    </p>
  </div>`;
}

/** @param {any} tally  how far points gather on few stories */
function concentration(tally) {
  const { concentration: much, n } = tally;
  if (!much || !n) return nothing;
  return html`<p class="soft concentration">${t("console.concentration", { top: much.top, half: much.half, reached: much.reached, piled: much.piled, n })}</p>`;
}

/** @param {Console} desk */
export function control(desk) {
  const question = desk.question();
  const deed = desk.deed();
  const now = desk.page.clock.now();
  const tally = question && (desk.page.store.get("tally") || {})[question.id];
  const segment = desk.page.store.segment();
  const left = question && isOpen(question) && question.closes_at ? countdown(question.closes_at - now) : null;
  const last = question && question.closes_at && question.closes_at - now <= 10000;
  const counted = Boolean(tally && tally.certificate);
  const idle = desk.planless() ? "console.no_plan" : (desk.page.store.get("agenda") || {}).state === "ended" ? "console.ended" : "console.not_started";
  return html`${track(question)}
    <section class="control" aria-live="polite">
      <div>
        <h1>${question ? question.title : segment ? segment.title : t(idle)}</h1>
        <p class="soft">${question ? facts(question) : segment ? segment.prompt : t(`${idle}_line`)}</p>
      </div>
      ${left === null ? html`<p class="left"></p>` : html`<p class="left ${last ? "clock-last" : ""}" role="timer">${left}</p>`}
      ${question && question.state !== "draft" && !counted ? came(desk, question) : nothing}
      ${question ? certificate(desk, question) : nothing} ${tally ? concentration(tally) : nothing}
      ${desk.said ? html`<p class="said" role="alert">${desk.said}</p>` : nothing}
    </section>
    ${button(desk, question, deed)}`;
}

/** A key that is kept down is one press. @param {KeyboardEvent} event */
const once = (event) => event.repeat && event.preventDefault();

/** A closed question may be asked again: the name of that deed, or "". @param {Question|null} question */
const again = (question) => (question && (question.state === "closed" || question.state === "revealed") ? `reopen/${question.id}` : "");

/** @param {Console} desk @param {Question|null} question @param {import("../console.js").Deed} deed */
function button(desk, question, deed) {
  desk.hold.expect(deed.name, again(question));
  const held = desk.hold.on(deed.name, deed.act);
  const resting = !deed.off && desk.hold.resting();
  const side = question && isOpen(question)
    ? html`<button class="btn" type="button" ?disabled=${!question.closes_at} @click=${() => desk.send("question_extend", { question: question.id, seconds: 15 })}>${t("console.more_seconds")}</button>`
    : question && question.state === "draft"
      ? html`<label class="btn time"><span class="unseen">${t("console.seconds")}</span><select @change=${(/** @type {any} */ event) => desk.time(Number(event.target.value))}>
          ${times(desk.seconds(question)).map((n) => html`<option value=${n} .selected=${live(n === desk.seconds(question))}>${n ? (n % 60 ? t("console.n_seconds", { n }) : t("live.minutes", { n: n / 60 })) : t("console.no_limit")}</option>`)}
        </select></label>`
      : nothing;
  return html`<div aria-live="polite" class="act ${side === nothing ? "alone" : ""}">
    ${side}
    ${deed.held
      ? html`<button class="btn btn-main btn-hold big" id="big" type="button" aria-disabled=${deed.off ? "true" : "false"} @pointerdown=${held.down} @pointerup=${held.up} @pointerleave=${held.up} @pointercancel=${held.up} @blur=${held.up} @keydown=${held.key} @keyup=${held.keyUp} @contextmenu=${held.menu}>
          ${deed.word}<small>${deed.line}</small>
        </button>`
      : html`<button class="btn ${deed.off ? "" : "btn-main"} ${resting ? "resting" : ""} big" id="big" type="button" aria-disabled=${deed.off || resting ? "true" : "false"} @keydown=${once} @click=${() => deed.off || desk.step(deed.act)}>${deed.word}<small>${deed.line}</small></button>`}
  </div>`;
}

/** @param {Console} desk */
export function keys(desk) {
  const stage = desk.page.store.get("stage") || {};
  const question = desk.question();
  const reopen = question && again(question) ? desk.hold.on(again(question), () => desk.send("question_reopen", { question: question.id })) : null;
  return html`<div class="keys">
    <button class="btn btn-low" type="button" aria-pressed=${stage.blank ? "true" : "false"} @click=${() => desk.blank()}><kbd>B</kbd> ${t(stage.blank ? "console.unblank" : "console.blank")}</button>
    ${reopen
      ? html`<button class="btn btn-low btn-hold" type="button" @pointerdown=${reopen.down} @pointerup=${reopen.up} @pointerleave=${reopen.up} @pointercancel=${reopen.up} @keydown=${reopen.key} @keyup=${reopen.keyUp} @contextmenu=${reopen.menu}>${t("console.reopen")}</button>`
      : nothing}
    <span class="muted"><small>${t("console.remote")}</small></span>
  </div>`;
}
