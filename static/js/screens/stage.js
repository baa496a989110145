/**
 * The stage: shows what the stage slice names and keeps the last good frame when the line is
 * down. It sends nothing.
 */

import { countdown } from "../lib/clock.js";
import { draw, html, nothing, painter } from "../lib/dom.js";
import { begin } from "../lib/page.js";
import { t } from "../lib/words.js";
import { qrFrom, sceneOf } from "./scenes.js";

const PAGE_MS = 9000;

const page = begin();
const qr = qrFrom("stage");
const main = /** @type {HTMLElement} */ (document.getElementById("main"));
let turn = 0;
let showing = "";

/** A small sign that votes wait on the phones, or that the picture is old; a short cut says nothing. */
function cutOff() {
  if (page.store.trouble(page.clock.now())) return html`<p class="cut-off" role="status">${t("stage.not_saving")}</p>`;
  const { line, since } = page.state;
  const silent = Date.now() - since;
  if (line === "connected" || line === "polling" || silent < 4000) return nothing;
  return html`<p class="cut-off" role="status">${t("stage.cut_off")} ${countdown(silent)}</p>`;
}

function render() {
  const stage = page.store.get("stage") || { scene: "waiting", question: null, blank: false };
  const name = `${stage.scene}/${stage.question}/${stage.blank}`;
  if (name !== showing) {
    showing = name;
    turn = 0;
  }
  const forum = page.store.get("forum") || {};
  const host = forum.url ? new URL(forum.url, location.href).host : location.host;
  const scene = sceneOf(stage, { store: page.store, now: page.clock.now(), page: turn, qr, host });
  main.className = `stage ${scene.classes}`;
  draw(main, html`${scene.body}${cutOff()}`);
}

const paint = painter(render);
page.store.subscribe(paint);
setInterval(paint, 250);
setInterval(() => (turn += 1), PAGE_MS);
paint();
page.line.start();
