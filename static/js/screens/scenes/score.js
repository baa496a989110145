/**
 * The score board on stage. Until the selection is closed it says which inputs are in, and no
 * number.
 */

import { html, vars } from "../../lib/dom.js";
import { cand, mark } from "../../lib/marks.js";
import { inputs, legends, stack, standings, verdict } from "../../lib/scoreboard.js";
import { t } from "../../lib/words.js";
import { foot, paged } from "./parts.js";
import { waiting } from "./quiet.js";

/** @typedef {import("../scenes.js").View} View */
/** @typedef {import("../scenes.js").Scene} Scene */

/** @param {View} view @returns {Scene} */
export function score(view) {
  const slice = view.store.get("score");
  if (!slice) return waiting(view);
  const rows = standings(slice);
  const head = html`<header class="s-top"><h1>${t("stage.score")}</h1>${legends(slice)}</header>`;
  if (!rows.length) {
    return {
      classes: "scene-score",
      pages: 1,
      body: html`${head}
        <section class="enter-scene">${inputs(slice)}</section>
        ${foot(view, html`<p class="s-note">${t("stage.score_wait")}</p>`)}`,
    };
  }
  const { some, pages, words } = paged(rows, view.page, 4);
  return {
    classes: "scene-score",
    pages,
    body: html`${head}
      <ol class="board rows just-revealed ${some.length > 3 ? "dense" : ""}" ${vars({ rows: Math.max(3, some.length) })}>
        ${some.map(
          (row) => html`<li class="${cand(row.id)}">
            ${mark(row.id)}
            <div><h2>${row.title}</h2>${stack(row)}</div>
            <span class="total">${row.total.display}</span>
          </li>`,
        )}
      </ol>
      ${foot(view, html`<div>${verdict(slice)}${words ? html`<p class="s-note muted">${words}</p>` : ""}</div>`)}`,
  };
}
