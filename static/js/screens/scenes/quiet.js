/** The scenes that wait: the title, the way in, the order of the day with its timer, and nothing. */

import { forecast, length } from "../../lib/agenda.js";
import { countdown, day, timeOfDay } from "../../lib/clock.js";
import { html, nothing, rich, vars } from "../../lib/dom.js";
import { house } from "../../lib/marks.js";
import { t } from "../../lib/words.js";
import { foot, over, spaced } from "./parts.js";

/** @typedef {import("../scenes.js").View} View */
/** @typedef {import("../scenes.js").Scene} Scene */

/** @param {View} view @returns {Scene} */
export function waiting(view) {
  const forum = view.store.get("forum") || {};
  const agenda = view.store.get("agenda") || {};
  const said = over(view) ? t("stage.thanks") : agenda.state === "running" ? t("stage.moment") : t("stage.soon");
  return {
    classes: "scene-say",
    pages: 1,
    body: html`<p class="s-top">${house()}<span>${forum.host}</span></p>
      <section class="say enter-scene">
        <h1>${forum.title}</h1>
        <p>${said}</p>
        ${agenda.state === "before" ? html`<p class="muted">${day(forum.starts_at)}</p>` : nothing}
      </section>
      ${foot(view, over(view) ? nothing : html`<p class="s-note muted">${t("stage.no_phone")}</p>`)}`,
  };
}

/** @param {View} view @returns {Scene} */
export function join(view) {
  const forum = view.store.get("forum") || {};
  return {
    classes: "scene-join",
    pages: 1,
    body: html`<section class="flat">
        <svg class="shapes" viewBox="0 0 60 120" aria-hidden="true">
          <path d="M12 4h34a2 2 0 0 1 2 2v34a2 2 0 0 1-2 2H12a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z" />
          <circle cx="36" cy="66" r="19" />
          <path d="M40 88l21 21-21 21-21-21z" />
        </svg>
        <p class="s-top">${house()}<b>${forum.title}</b></p>
        <div>
          <h1>${t("stage.join.point")}</h1>
          <p class="enter"><span class="soft">${rich("stage.join.or", { host: view.host })}</span><b>${spaced(forum.code)}</b></p>
        </div>
        <p class="s-note soft">${t("stage.no_phone")}</p>
      </section>
      <section class="door">
        ${view.qr("door")}
        <p>${t("stage.join.scan")}</p>
      </section>`,
  };
}

/** @param {View} view @returns {Scene} */
export function agenda(view) {
  const order = view.store.get("agenda");
  const segment = view.store.segment();
  if (!order || !segment) return waiting(view);
  const at = order.segments.indexOf(segment);
  const talk = order.speaker;
  const until = talk ? talk.started_at + talk.seconds * 1000 : (segment.started_at || view.now) + length(segment);
  const whole = talk ? talk.seconds * 1000 : length(segment);
  const left = until - view.now;
  const { starts } = forecast(order, view.now);
  return {
    classes: "scene-agenda",
    pages: 1,
    body: html`<p class="s-top"><span class="live">${t("stage.now")}</span><span>${t("stage.step", { n: at + 1, of: order.segments.length })}</span></p>
      <section class="now-next enter-scene">
        <div>
          <h1 class=${segment.title.length > 22 ? "long" : ""}>${segment.title}</h1>
          ${talk ? html`<p class="prompt">${talk.name}</p>` : segment.prompt ? html`<p class="prompt">${segment.prompt}</p>` : nothing}
        </div>
        ${whole
          ? html`<p class="timer ${left < 0 ? "over" : ""}" role="timer">
              <span>${t(left < 0 ? "stage.over" : talk ? "stage.talk_left" : "stage.left")}</span><b>${countdown(Math.abs(left))}</b>
            </p>`
          : nothing}
      </section>
      ${foot(
        view,
        html`<div class="seats">
          ${whole ? html`<div class="drain" ${vars({ left: `${Math.max(0, Math.min(100, (100 * left) / whole))}%` })}><i></i></div>` : nothing}
          <ol class="coming">
            ${order.segments.slice(at + 1, at + 4).map(
              (/** @type {any} */ one) => html`<li><time>${timeOfDay(starts[one.id])}</time><span>${one.title}</span></li>`,
            )}
          </ol>
        </div>`,
      )}`,
  };
}

/** @param {View} _view @returns {Scene} */
export const blank = (_view) => ({ classes: "scene-blank", pages: 1, body: html`${house()}` });
