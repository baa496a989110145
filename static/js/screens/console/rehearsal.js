/**
 * What the last rehearsal found, until the forum begins: a sentence, and line by line below it.
 */

import { html, nothing } from "../../lib/dom.js";
import { lang, t } from "../../lib/words.js";

/** @typedef {import("../console.js").Console} Console */
/** @typedef {import("../../lib/types.js").Rehearsal} Rehearsal */

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {Record<string, string>} */
const TAG = { ok: "tag-civic", warning: "tag-wait", stop: "tag-fail" };

/**
 * How long ago, in the largest unit that fits: 12 minutes ago.
 * @param {number} ms
 */
export function ago(ms) {
  const [n, unit] = /** @type {[number, Intl.RelativeTimeFormatUnit]} */ (
    ms >= DAY ? [ms / DAY, "day"] : ms >= HOUR ? [ms / HOUR, "hour"] : [ms / MINUTE, "minute"]
  );
  return new Intl.RelativeTimeFormat(lang()).format(-Math.max(1, Math.floor(n)), unit);
}

/**
 * Why a sheet says nothing about this evening any more; "" while it does.
 * @param {Rehearsal} sheet
 * @param {number} now
 */
export function outdated(sheet, now) {
  if (!sheet.same_version) return t("console.rehearsal_version", { version: sheet.version });
  return now - sheet.at > DAY ? t("console.rehearsal_old") : "";
}

/** @param {Console} desk */
export function rehearsal(desk) {
  const { store, clock } = desk.page;
  const sheet = /** @type {Rehearsal|null} */ (store.get("rehearsal") || null);
  const begun = (store.get("agenda") || {}).state !== "before" || desk.questions().some((one) => one.state !== "draft");
  if (!sheet || begun) return nothing;
  const old = outdated(sheet, clock.now());
  const facts = `${ago(clock.now() - sheet.at)} · ${t("console.rehearsal_phones", { n: sheet.phones })}`;
  return html`<div class="block rehearsal">
    <h2>${t("console.rehearsal")}</h2>
    <p class="health sheet-sum ${old ? "warning" : sheet.level}"><b>${old || t(`rehearsal.sum.${sheet.level}`)}</b><span>${facts}</span></p>
    <details class="more">
      <summary>${t("console.rehearsal_lines")}</summary>
      <ul class="sheet-lines">
        ${sheet.lines.map(
          (line) => html`<li><span class="tag ${TAG[line.level]}">${t(`rehearsal.level.${line.level}`)}</span> ${t(`rehearsal.line.${line.key}.${line.said}`, line.numbers)}</li>`,
        )}
      </ul>
    </details>
  </div>`;
}
