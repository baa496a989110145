/** What the tables said, word for word: the wall of summaries, the same with points, the floor. */

import { andOpen, byVotes } from "../../lib/asks.js";
import { html, nothing, vars } from "../../lib/dom.js";
import { isOpen } from "../../lib/lights.js";
import { mark } from "../../lib/marks.js";
import { t } from "../../lib/words.js";
import { foot, paged } from "./parts.js";
import { asked } from "./questions.js";

/** @typedef {import("../scenes.js").View} View */
/** @typedef {import("../scenes.js").Scene} Scene */

/** The longest text decides how many fit: two columns of three, or whole lines. */
const FITS = [
  { upTo: 48, rows: 3, columns: 2 },
  { upTo: 95, rows: 3, columns: 1 },
  { upTo: 125, rows: 2, columns: 1 },
  { upTo: Infinity, rows: 1, columns: 1 },
];
/** As many dots in two lines as the column is wide. */
const MOST_DOTS = 68;

/** @param {string[]} texts */
function fit(texts) {
  const longest = Math.max(0, ...texts.map((text) => text.length));
  const few = texts.length <= 3;
  const found = FITS.find(({ upTo, columns }) => longest <= upTo && !(few && columns > 1)) || FITS[0];
  const square = found.columns === 2 && texts.length === 4;
  return { size: found.rows * found.columns, rows: square ? 2 : found.rows, name: found.columns === 1 ? "whole" : square ? "square" : "" };
}

/** A table's number, large, with the language's word before or after it. @param {number} n */
function who(n) {
  const [before, after] = t("live.table", { n: "|" }).split("|");
  return html`<span class="who"
    >${before ? html`<span>${before}</span>` : nothing}<b>${n}${after ? html`<span class="s-note"> ${after}</span>` : nothing}</b></span
  >`;
}

/**
 * The table talk whose summaries are due, as the server says it: the one that runs, else the last.
 * @param {View} view
 * @returns {import("../../lib/types.js").Segment|null}
 */
function talked(view) {
  const segment = view.store.segment();
  if (segment && segment.kind === "tables") return segment;
  const order = view.store.get("agenda") || { segments: [] };
  const talks = order.segments.filter((/** @type {any} */ one) => one.kind === "tables" && one.started_at !== null);
  return talks.sort((/** @type {any} */ a, /** @type {any} */ b) => b.started_at - a.started_at)[0] || null;
}

/** @param {View} view @returns {Scene} */
export function summaries(view) {
  const all = (view.store.get("summaries") || []).slice().sort((/** @type {any} */ a, /** @type {any} */ b) => a.table - b.table);
  const round = talked(view);
  const mine = all.filter((/** @type {any} */ one) => round && one.segment === round.id);
  const tables = ((view.store.get("forum") || {}).tables || []).length;
  const title = (round && round.title) || t("stage.summaries");
  const fits = fit(mine.map((/** @type {any} */ one) => one.text));
  const { some, pages, words } = paged(mine, view.page, fits.size);
  return {
    classes: "scene-says",
    pages,
    body: html`<header class="s-top"><h1 class=${title.length > 28 ? "long" : ""}>${title}</h1><span class="nowrap">${words}</span></header>
      ${some.length
        ? html`<ol class="says plain enter-scene ${fits.name}" ${vars({ rows: fits.rows })}>
            ${some.map((/** @type {any} */ one) => html`<li>${who(one.table)}<p>${one.text}</p></li>`)}
          </ol>`
        : html`<p class="spoken">${t("stage.no_summaries")}</p>`}
      ${foot(view, html`<p class="s-note">${t("stage.summaries_n", { n: mine.length, of: tables })}</p>`)}`,
  };
}

/** @param {View} view  the dots question a points scene is about */
function shared(view) {
  const one = asked(view);
  if (one && one.kind === "dots") return one;
  const all = (view.store.get("questions") || []).filter((/** @type {any} */ q) => q.kind === "dots" && q.state !== "draft");
  return all[all.length - 1] || null;
}

/** @param {View} view @returns {Scene} */
export function points(view) {
  const one = shared(view);
  const result = one && (view.store.get("tally") || {})[one.id];
  const shown = result && (one.state === "revealed" || one.results === "live");
  if (!one || !shown) return unshared(view, one);
  const fits = fit(one.options.map((/** @type {any} */ option) => option.title));
  const { some, pages, words } = paged(/** @type {any[]} */ (result.rows), view.page, fits.size);
  const top = Math.max(1, ...result.rows.map((/** @type {any} */ row) => Number(row.figure) || 0));
  const each = Math.ceil(top / MOST_DOTS);
  const optionOf = (/** @type {string} */ id) => one.options.find((/** @type {any} */ option) => option.id === id) || { title: id };
  const dots = (/** @type {number} */ n) => ({ up: Math.ceil(n / each / 2), down: Math.floor(n / each / 2) });
  return {
    classes: "scene-says",
    pages,
    body: html`<header class="s-top"><h1>${one.title}</h1><span class="nowrap">${words}</span></header>
      <ol class="says enter-scene ${fits.name}" ${vars({ rows: fits.rows })}>
        ${some.map((row) => {
          const option = optionOf(row.id);
          return html`<li>
            ${option.table ? who(option.table) : html`<span class="who">${mark(row.id)}</span>`}
            <p>${option.title}</p>
            <span class="dots">${Number(row.figure) ? html`<i ${vars(dots(Number(row.figure)))}></i>` : nothing}<b>${row.figure}</b></span>
          </li>`;
        })}
      </ol>
      ${foot(
        view,
        html`<p class="s-note">
          ${t("stage.points_n", { n: result.n, points: result.points })}${each > 1 ? ` ${t("stage.dot_is", { n: each })}` : ""}<br />
          <span class="muted">${t(one.config.not_own_table ? "stage.points_rule_own" : "stage.points_rule", { n: one.config.budget || 5 })}</span>
        </p>`,
      )}`,
  };
}

/** @param {View} view @param {any} one  before the reveal: the stories in their order, no numbers */
function unshared(view, one) {
  if (!one) return summaries(view);
  const fits = fit(one.options.map((/** @type {any} */ option) => option.title));
  const { some, pages, words } = paged(/** @type {any[]} */ (one.options), view.page, fits.size);
  return {
    classes: "scene-says",
    pages,
    body: html`<header class="s-top"><h1>${one.title}</h1><span class="nowrap">${words}</span></header>
      <ol class="says plain enter-scene ${fits.name}" ${vars({ rows: fits.rows })}>
        ${some.map((option) => html`<li>${option.table ? who(option.table) : html`<span class="who">${mark(option.id)}</span>`}<p>${option.title}</p></li>`)}
      </ol>
      ${foot(view, html`<p class="s-note">${t(isOpen(one) ? "stage.points_open" : "stage.points_hidden", { n: one.config.budget || 5 })}</p>`)}`,
  };
}

/** @param {View} view @returns {Scene} */
export function asks(view) {
  const all = /** @type {any[]} */ (view.store.get("asks") || []);
  const spoken = all.filter((one) => one.state === "on_stage");
  const waiting = all.filter((one) => one.state === "open").sort(byVotes);
  const count = html`<p class="s-note">${t("stage.asks_n", { n: waiting.length })}</p>`;
  if (spoken.length) {
    const one = spoken[spoken.length - 1];
    return {
      classes: "scene-ask",
      pages: 1,
      body: html`<p class="s-top"><span>${t("stage.asks_one")}</span><span>${t("stage.upvotes", { n: one.upvotes })}${andOpen(one)}</span></p>
        <p class="spoken enter-scene ${one.text.length > 70 ? "long" : ""}">${one.text}</p>
        ${foot(view, count)}`,
    };
  }
  const { some, pages, words } = paged(waiting, view.page, 4);
  return {
    classes: "scene-asks",
    pages,
    body: html`<header class="s-top"><h1>${t("stage.asks")}</h1><span>${words}</span></header>
      <ol class="floor enter-scene">
        ${some.map((one) => html`<li><p>${one.text}</p><b>${one.upvotes || ""}${one.open ? html`<small class="s-note">${andOpen(one)}</small>` : nothing}</b></li>`)}
        ${some.length ? nothing : html`<li><p>${t("stage.no_asks")}</p></li>`}
      </ol>
      ${foot(view, some.length ? count : nothing)}`,
  };
}
