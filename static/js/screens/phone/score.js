/** The score board on a phone, while the stage shows it. */

import { html, nothing } from "../../lib/dom.js";
import { cand, mark } from "../../lib/marks.js";
import { inputs, legends, rounding, stack, standings, verdict } from "../../lib/scoreboard.js";
import { t } from "../../lib/words.js";

/** @param {any} score  the slice */
export function scoreView(score) {
  const rows = standings(score);
  return html`<section class="part score-board">
    <h2>${score.title || t("live.score.title")}</h2>
    ${legends(score)}
    ${rows.length
      ? html`<ol class="board-rows">
            ${rows.map(
              (/** @type {any} */ row) => html`<li class=${cand(row.id)}>
                <h3>${mark(row.id)} <span>${row.title}</span> <b class="figure">${row.total.display}</b></h3>
                ${stack(row)}
              </li>`,
            )}
          </ol>
          ${verdict(score)}
          ${rounding(score) ? html`<p class="label">${rounding(score)}</p>` : nothing}
          <p><a href="/s/${score.selection}">${t("live.score.source")}</a></p>`
      : inputs(score)}
  </section>`;
}
