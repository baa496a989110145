/**
 * The scenes of the stage by name, each drawn from slices alone. The stage shows one; the console
 * shows two in small frames, with the same markup and the same stylesheet.
 */

import { html } from "../lib/dom.js";
import { agenda, blank, join, waiting } from "./scenes/quiet.js";
import { asked, question, reveal } from "./scenes/questions.js";
import { asks, points, summaries } from "./scenes/tables.js";
import { score } from "./scenes/score.js";

/**
 * What a scene may look at. `qr` gives a fresh drawing of the join code for a place; `page` is the
 * page of a scene that does not fit on one. Only the console knows drafts, and only what it shows
 * as coming next may be made of them: the real stage never saw one.
 * @typedef {{store: import("../lib/store.js").Store, now: number, question: number|null,
 *   page: number, qr: (place: string) => unknown, host: string, drafts?: boolean}} View
 * @typedef {{classes: string, body: unknown, pages: number}} Scene
 */

/** @type {Record<string, (view: View) => Scene>} */
export const SCENES = { waiting, join, agenda, question, reveal: shown, summaries, points, asks, score, blank };

/** A reveal; points over what tables said are shown with the words. @param {View} view */
function shown(view) {
  const one = asked(view);
  return one && one.kind === "dots" && one.options.some((option) => option.table) ? points(view) : reveal(view);
}

/**
 * The scene that the stage slice names; a blank stage and an unknown name show the house sign.
 * @param {{scene: string, question?: number|null, blank?: boolean}} stage
 * @param {Omit<View, "question">} view
 * @returns {Scene}
 */
export function sceneOf(stage, view) {
  const draw = stage.blank ? blank : SCENES[stage.scene] || waiting;
  return draw({ ...view, question: stage.question === undefined ? null : stage.question });
}

/**
 * A scene as one element, for a preview frame.
 * @param {Scene} scene
 */
export const framed = (scene) => html`<div class="stage ${scene.classes}">${scene.body}</div>`;

/**
 * Copies of the page's QR drawing, one for each place it stands in.
 * @param {string} frame  a name that keeps the copies of two frames apart
 * @returns {(place: string) => unknown}
 */
export function qrFrom(frame) {
  const template = /** @type {HTMLTemplateElement|null} */ (document.getElementById("qr"));
  const drawing = template && template.content.querySelector("svg");
  /** @type {Map<string, Node>} */
  const copies = new Map();
  return (place) => {
    if (!drawing) return "";
    const name = `${frame}-${place}`;
    let copy = copies.get(name);
    if (!copy) {
      copy = drawing.cloneNode(true);
      /** @type {Element} */ (copy).classList.add("qr");
      copies.set(name, copy);
    }
    return copy;
  };
}
