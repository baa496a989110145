/**
 * The four tabs of the phone: the order of the day with what is on now, my table, the questions to
 * the stage, and the results with my receipts.
 */

import { forecast, length } from "../../lib/agenda.js";
import { andOpen, byVotes } from "../../lib/asks.js";
import { day, minutes, timeOfDay, countdown } from "../../lib/clock.js";
import { composing, html, live, nothing, vars } from "../../lib/dom.js";
import { icon } from "../../lib/marks.js";
import { t } from "../../lib/words.js";
import { personalLink } from "../join.js";
import { results, scoreLink } from "./results.js";
import { choiceWords, switches } from "./vote.js";

/** @typedef {import("../phone.js").Phone} Phone */

/** @param {Phone} phone  the large sign of what is on */
function now(phone) {
  const agenda = phone.page.store.get("agenda");
  const segment = phone.page.store.segment();
  const at = phone.page.clock.now();
  if (!agenda || agenda.state === "before" || !segment) {
    const ended = agenda && agenda.state === "ended";
    return html`<section class="now">
      <p>${ended ? t("phone.now.ended_line") : t("phone.now.before_line")}</p>
      <h1>${ended ? t("phone.now.ended") : t("phone.now.before")}</h1>
      ${agenda && !ended ? html`<p>${day(agenda.starts_at)}</p>` : nothing}
    </section>`;
  }
  const left = (segment.started_at || at) + length(segment) - at;
  const talk = agenda.speaker;
  // What is open already does not open soon, and the phone is not to be put down.
  const open = phone.open().length > 0;
  return html`<section class="now" aria-labelledby="now">
    ${open ? nothing : html`<p>${t(`phone.now.${segment.kind}`)}</p>`}
    <h1 id="now">${segment.title}</h1>
    ${segment.prompt ? html`<p>${segment.prompt}</p>` : nothing}
    ${talk ? html`<p>${t("phone.now.speaker", { name: talk.name, left: countdown(talk.started_at + talk.seconds * 1000 - at) })}</p>` : nothing}
    ${segment.minutes && left > 0
      ? html`<p class="clock" role="timer"><b>${countdown(left)}</b> ${t("live.left_word")}</p>
          <div class="drain" ${vars({ left: `${Math.min(100, (100 * left) / length(segment))}%` })}><i></i></div>`
      : nothing}
    ${open ? nothing : html`<p>${t("phone.now.changes")}</p>`}
  </section>`;
}

/** @param {Phone} phone */
function order(phone) {
  const agenda = phone.page.store.get("agenda");
  if (!agenda || !agenda.segments.length) return nothing;
  const { starts, late: by } = forecast(agenda, phone.page.clock.now());
  const late = minutes(by);
  const here = agenda.segments.findIndex((/** @type {any} */ one) => one.id === agenda.current);
  const done = (/** @type {number} */ i) => agenda.state === "ended" || (here >= 0 && i < here);
  return html`<section class="part">
    <h2>${t("phone.order")} ${late >= 1 ? html`<small class="muted">${t("phone.late", { n: late })}</small>` : nothing}</h2>
    <ol class="order">
      ${agenda.segments.map((/** @type {any} */ one, /** @type {number} */ i) => {
        const is = i === here && agenda.state === "running";
        return html`<li class=${is ? "is" : done(i) ? "was" : ""} aria-current=${is ? "step" : nothing}>
          <time>${timeOfDay(starts[one.id])}</time><span>${one.title}</span>
          ${is ? html`<span class="live">${t("phone.is_now")}</span>` : html`<span class="muted">${done(i) ? t("phone.done") : t("live.minutes", { n: one.minutes + one.extended })}</span>`}
        </li>`;
      })}
    </ol>
  </section>`;
}

/** What a table's choice comes to, or why it was refused. @param {Phone} phone @param {string} key */
const aboutTable = (phone, key) => (phone.sitSaid ? html`<p><b>${phone.sitSaid}</b></p>` : html`<p class="soft">${t(key)}</p>`);

/** @param {Phone} phone @param {boolean} [must]  tables as one tap each */
function seat(phone, must = false) {
  const { store } = phone.page;
  const tables = (store.get("forum") || {}).tables || [];
  const { me } = store;
  if (!me || !tables.length || (me.table && !phone.moving) || (must && phone.tableless)) return nothing;
  return html`<section class="part sit">
    <h2>${t("phone.which_table")}</h2>
    <div class="pick">
      ${tables.map(
        (/** @type {number} */ n) => html`<label
          ><input type="radio" name="table" value=${n} .checked=${live(me.table === n)} @change=${() => phone.sit(n)} /><span>${n}</span></label
        >`,
      )}
    </div>
    ${aboutTable(phone, "phone.table_where")}
    ${must || phone.moving
      ? html`<button class="btn btn-plain" type="button" @click=${() => phone.sit(null)}>${t("phone.no_table")}</button>`
      : nothing}
  </section>`;
}

/** @param {Phone} phone */
export function openOnes(phone) {
  const open = phone.open();
  if (!open.length) return nothing;
  return html`<section class="part">
    <h2>${t("phone.open_now")}</h2>
    ${open.slice(0, 12).map(
      (question) => html`<button class="btn btn-wide ${phone.votes.has(question.id) ? "" : "btn-main"}" type="button" @click=${() => phone.choose(question.id)}>
        ${question.title}${phone.votes.has(question.id) ? html` · ${t("phone.voted")}` : nothing}
      </button>`,
    )}
  </section>`;
}

/** What was decided: all of it once the day is over, when nobody sits down any more. @param {Phone} phone */
const after = (phone) => html`${scoreLink(phone)} ${results(phone, { open: true })}`;

/** @param {Phone} phone */
export function waitView(phone) {
  const ended = (phone.page.store.get("agenda") || {}).state === "ended";
  return html`${phone.tab === "agenda" ? openOnes(phone) : nothing}${now(phone)}
  ${ended ? after(phone) : html`${seat(phone, true)} ${results(phone, { most: 1 })}`} ${order(phone)}
  ${stubs(phone, 2)} ${link(phone)} ${switches()}`;
}

/** A tab's name for those who listen. @param {string} tab */
const title = (tab) => html`<h1 class="unseen">${t(`phone.tab.${tab}`)}</h1>`;

/**
 * The summaries by the talk they were sent in, the newest first; one's own table before the others.
 * @param {Phone} phone
 * @returns {{title: string, said: any[]}[]}
 */
function rounds(phone) {
  const { store } = phone.page;
  const own = store.me && store.me.table;
  /** @type {any[]} */
  const all = store.get("summaries") || [];
  const talks = ((store.get("agenda") || {}).segments || []).slice().reverse();
  const known = (/** @type {any} */ one) => talks.some((/** @type {any} */ talk) => talk.id === one.segment);
  const groups = talks.map((/** @type {any} */ talk) => ({ title: talk.title, said: all.filter((one) => one.segment === talk.id) }));
  return [...groups, { title: t("phone.table_stories"), said: all.filter((one) => !known(one)) }]
    .filter(({ said }) => said.length)
    .map(({ title, said }) => ({ title, said: said.sort((/** @type {any} */ a, /** @type {any} */ b) => Number(b.table === own) - Number(a.table === own) || a.table - b.table) }));
}

/** @param {Phone} phone */
export function tableView(phone) {
  const { me } = phone.page.store;
  const own = me && me.table;
  const told = rounds(phone);
  return html`${title("table")}${own
      ? html`<section class="part">
          <h2>${t("live.table", { n: own })} <small><button class="btn btn-plain btn-low" type="button" @click=${() => phone.move()}>${t("phone.move_table")}</button></small></h2>
          ${aboutTable(phone, "phone.table_line")}
        </section>`
      : nothing}
    ${seat(phone)}
    ${told.length
      ? told.map(({ title, said }) => html`<section class="part">
          <h2>${title}</h2>
          <ul class="stories">
            ${said.map((one) => html`<li class=${one.table === own ? "mine" : ""}>
              <span class="label">${t("live.table", { n: one.table })}</span>
              <p>${one.text}</p>
            </li>`)}
          </ul>
        </section>`)
      : html`<section class="part">
          <h2>${t("phone.table_stories")}</h2>
          <p class="soft">${t("phone.no_stories")}</p>
        </section>`}`;
}

/** @param {Phone} phone */
export function asksView(phone) {
  const asks = (phone.page.store.get("asks") || []).slice();
  const rank = (/** @type {any} */ one) => ({ on_stage: 0, open: 1, answered: 2 })[/** @type {"open"} */ (one.state)] || 0;
  asks.sort((/** @type {any} */ a, /** @type {any} */ b) => rank(a) - rank(b) || byVotes(a, b));
  const kept = phone.outbox.all().filter((entry) => entry.event === "ask");
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    phone.ask();
  };
  return html`${title("asks")}<section class="part">
      <h2>${t("phone.ask_head")}</h2>
      <form class="asking" @submit=${send} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && composing(event) && event.preventDefault()}>
        <label class="unseen" for="ask-text">${t("phone.ask_label")}</label>
        <textarea
          id="ask-text"
          class="field"
          rows="2"
          maxlength="300"
          placeholder=${t("phone.ask_hint")}
          .value=${live(phone.asking)}
          @input=${(/** @type {any} */ event) => phone.typing(event.target.value)}
        ></textarea>
        <button class="btn btn-main btn-wide" type="submit" aria-disabled=${phone.asking.trim() ? "false" : "true"}>${t("phone.ask_send")}</button>
        ${phone.askSaid ? html`<p class="label" role="alert">${phone.askSaid}</p>` : html`<p class="label">${t("phone.ask_line")}</p>`}
      </form>
    </section>
    <section class="part">
      <h2>${t("phone.asks")} <small class="muted">${t("phone.asks_n", { n: asks.length })}</small></h2>
      ${kept.map((entry) => html`<p class="soft">${entry.payload.text} <span class="tag tag-wait">${t("live.fate.kept")}</span></p>`)}
      ${asks.length
        ? html`<ul class="asks">
            ${asks.map((/** @type {any} */ one) => askRow(phone, one))}
          </ul>`
        : kept.length
          ? nothing
          : html`<p class="soft">${t("phone.no_asks")}</p>`}
    </section>`;
}

/** @param {Phone} phone @param {any} ask */
function askRow(phone, ask) {
  const on = phone.upvoted.has(ask.id);
  return html`<li class=${ask.state === "answered" ? "was" : ""}>
    <p>
      ${ask.text}
      ${ask.state === "on_stage" ? html`<span class="tag tag-civic">${t("phone.ask_on_stage")}</span>` : nothing}
      ${ask.state === "answered" ? html`<span class="tag">${t("phone.ask_answered")}</span>` : nothing}
      ${phone.mine(ask.id) ? html`<span class="tag">${t("phone.ask_mine")}</span>` : nothing}
    </p>
    <button class="btn btn-low ${on ? "btn-ink" : ""}" type="button" aria-pressed=${on ? "true" : "false"} ?disabled=${ask.state === "answered"} @click=${() => phone.upvote(ask.id)}>
      ${t("phone.upvote", { n: ask.upvotes + phone.extra(ask.id) })}${andOpen(ask)}
    </button>
  </li>`;
}

/** @param {Phone} phone @param {number} [most] */
function stubs(phone, most) {
  const all = phone.votes.stubs();
  if (most && !all.length) return nothing;
  const some = most ? all.slice(0, most) : all;
  return html`<section class="part">
    <h2>${t("phone.receipts")} ${most && all.length > most ? html`<a href="#votes">${t("phone.all_receipts")}</a>` : nothing}</h2>
    ${all.length
      ? html`<ul class="kept">
          ${some.map(({ question, vote }) => {
            const seen = phone.checked[question.id];
            return html`<li>
              <span
                >${question.title}
                <small>${question.round ? `${t(`live.round.${question.round}`)} · ` : ""}${vote.choice === undefined || vote.choice === null ? t("phone.choice_hidden") : choiceWords(question, vote.choice, phone.paint)}</small></span
              >
              <span class="stub">${vote.receipt ? vote.receipt.code : "–"}</span>
              ${!most && vote.nonce && vote.receipt
                ? html`<button class="btn btn-low" type="button" @click=${() => phone.check(question.id, vote)}>${seen === undefined ? t("phone.check") : t(`phone.check_${seen}`)}</button>`
                : nothing}
            </li>`;
          })}
        </ul>`
      : html`<p class="soft">${t("phone.no_receipts")}</p>`}
  </section>`;
}

/** @param {Phone} phone */
function link(phone) {
  const mine = personalLink(phone.page.boot.code);
  if (!mine) return plainLink(phone);
  return html`<div class="keep">
    ${icon("link")}
    <p><b>${t("phone.link_head")}</b> ${t("phone.link_line")} <button class="btn btn-plain btn-low" type="button" @click=${() => phone.copy(mine)}>${phone.copied ? t("phone.link_copied") : t("phone.link_copy")}</button></p>
    ${phone.shown ? html`<input class="field" readonly .value=${mine} aria-label=${t("phone.link_copy")} @focus=${(/** @type {any} */ event) => event.target.select()} />` : nothing}
  </div>`;
}

/** The server makes the link where this device holds only a cookie. @param {Phone} phone */
function plainLink(phone) {
  const { me } = phone.page.store;
  const csrf = /** @type {HTMLMetaElement|null} */ (document.querySelector("meta[name=csrf]"));
  if (!csrf || !me || me.seat === null) return nothing;
  return html`<form class="keep" method="post" action="/f/${phone.page.boot.code}/link">
    ${icon("link")}
    <p><b>${t("phone.link_head")}</b> ${t("phone.link_line")} <button class="btn btn-plain btn-low" type="submit">${t("phone.link_get")}</button></p>
    <input type="hidden" name="csrf" value=${csrf.content} />
  </form>`;
}

/** @param {Phone} phone */
export const votesView = (phone) => html`${title("votes")}${results(phone)} ${scoreLink(phone)} ${stubs(phone)}
  <div class="keep">${icon("votes")}<p>${t("phone.receipts_line")}</p></div>
  ${link(phone)} ${switches()}`;
