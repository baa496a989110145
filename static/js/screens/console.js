/**
 * The console: what the one big button does now, and what its parts share. The drawing lies in
 * console/; every command carries a key and may be pressed by two moderators at once.
 */

import { forecast } from "../lib/agenda.js";
import { minutes, timeOfDay } from "../lib/clock.js";
import { draw, draws, html, nothing, painter } from "../lib/dom.js";
import { house } from "../lib/marks.js";
import { begin, command, connection } from "../lib/page.js";
import { t } from "../lib/words.js";
import { control, keys, views } from "./console/deck.js";
import { about, focus, planless, waiting } from "./console/focus.js";
import { Hold } from "./console/hold.js";
import { long, plan } from "./console/plan.js";
import { Lasting, room } from "./console/room.js";
import { qrFrom } from "./scenes.js";

/** @typedef {import("../lib/types.js").Question} Question */
/** @typedef {{name: string, word: string, line: string, held: boolean, off: boolean, act: () => void}} Deed */

/** The scene that usually follows an item that has no question. @type {Record<string, string>} */
const USUAL = { talk: "agenda", pitch: "agenda", tables: "summaries", points: "points", ask: "asks", break: "agenda", question: "question" };

export class Console {
  constructor() {
    this.page = begin();
    this.paint = painter(() => this.render());
    this.hold = new Hold(this.paint);
    this.qrLive = qrFrom("live");
    this.qrNext = qrFrom("next");
    const forum = this.page.store.get("forum") || {};
    this.host = forum.url ? new URL(forum.url, location.href).host : location.host;
    /** @type {{scene: string, question: number|null}|null} what the moderator prepared */
    this.prepared = null;
    /** @type {number|null} a question chosen by hand */
    this.chosen = null;
    /** @type {Record<number, number>} */
    this.times = {};
    this.talker = "";
    this.talkFor = 180;
    this.seat = "";
    this.said = "";
    /** Whether `said` or `seatSaid` is that there was no line. */
    this.unsent = false;
    /** @type {{bad: boolean, words: string}|null} what came of giving a seat back */
    this.seatSaid = null;
    this.here = 0;
    /** Phones that came in and are gone. */
    this.away = new Lasting();
    /** A scene that was chosen and has nothing to show. */
    this.lacking = "";
  }

  start() {
    this.page.store.subscribe(() => this.news());
    this.page.onLine.add((open) => open && this.unsay());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("resize", () => this.fit());
    setInterval(() => this.paint(), 500);
    this.paint();
    this.page.line.start();
  }

  /** A new item of the run of show brings its own question to the button; so does another's open vote. */
  news() {
    const segment = this.page.store.segment();
    const here = segment ? segment.id : 0;
    if (here !== this.here) {
      this.here = here;
      this.chosen = null;
      this.prepared = null;
      this.lacking = "";
    }
    const question = this.question();
    if (this.chosen && question && question.id !== this.chosen) this.chosen = null;
    if (this.lacking && !this.lacks(this.lacking)) this.lacking = "";
    this.paint();
  }

  /** @returns {Question|null} the question that the button steers */
  question() {
    const { store } = this.page;
    return focus({ questions: this.questions(), agenda: store.get("agenda"), chosen: this.chosen });
  }

  /** @returns {Question[]} */
  questions() {
    return this.page.store.get("questions") || [];
  }

  planless() {
    return planless(this.page.store.get("agenda"));
  }

  /** The scene that is prepared: the moderator's choice, else what usually follows. */
  next() {
    if (this.prepared) return this.prepared;
    const question = this.question();
    if (question && question.state !== "revealed") {
      const scene = question.state === "draft" ? "question" : question.kind === "dots" ? "points" : "reveal";
      return { scene, question: question.id };
    }
    const segment = this.page.store.segment();
    const idle = (this.page.store.get("agenda") || {}).state === "ended" ? "waiting" : "join";
    const usual = segment ? USUAL[segment.kind] || "agenda" : idle;
    return this.scene(this.lacks(usual) ? "agenda" : usual);
  }

  /** A scene with the question it is about. @param {string} scene */
  scene(scene) {
    const question = about(scene, this.questions(), this.question());
    return { scene, question: question && question.id };
  }

  /** Whether a scene has nothing to show and would be another one on the stage. @param {string} scene */
  lacks(scene) {
    const { store } = this.page;
    if (scene === "draft") return this.early();
    if (["question", "reveal", "points"].includes(scene)) return !this.scene(scene).question;
    if (scene === "agenda") return !store.segment();
    if (scene === "summaries") return !((store.get("forum") || {}).tables || []).length;
    return scene === "score" && !store.get("score");
  }

  /** Whether the next scene is of a question that no stage shows before it is opened. */
  early() {
    const question = this.page.store.question(this.next().question);
    return Boolean(question && question.state === "draft");
  }

  putOn() {
    this.lacking = this.early() ? "draft" : "";
    if (!this.lacking) this.show(this.next());
    this.paint();
  }

  /** @param {string} scene */
  prepare(scene) {
    this.lacking = this.lacks(scene) ? scene : "";
    if (!this.lacking) this.prepared = this.scene(scene);
    this.paint();
  }

  /** @param {{scene: string, question: number|null}} next */
  async show(next) {
    await this.send("stage_show", next.question ? { scene: next.scene, question: next.question } : { scene: next.scene });
    this.prepared = null;
  }

  blank() {
    const stage = this.page.store.get("stage") || {};
    this.send("stage_blank", { on: !stage.blank });
  }

  /** @param {number} id */
  choose(id) {
    this.chosen = id;
    this.prepared = null;
    this.lacking = "";
    this.paint();
  }

  /** @param {Question} question @returns {number} the seconds it would be opened for */
  seconds(question) {
    if (question.id in this.times) return this.times[question.id];
    if (question.seconds) return question.seconds;
    return { yesno: 60, single: 60, multiple: 120, score: 120, ranking: 120, dots: 300 }[question.kind] || 120;
  }

  /** @param {number} seconds */
  time(seconds) {
    const question = this.question();
    if (question) this.times[question.id] = seconds;
    this.paint();
  }

  /**
   * What the big button does now.
   * @returns {Deed}
   */
  deed() {
    const agenda = this.page.store.get("agenda") || { state: "before", segments: [], current: null };
    const question = this.question();
    const deed = (/** @type {string} */ name, /** @type {() => void} */ act, held = false, off = false, params = {}) => ({
      name: `${name}/${question ? question.id : ""}/${agenda.current}`,
      word: t(`console.deed.${name}`, params),
      line: t(`console.deed.${name}_line`, params),
      held,
      off,
      act,
    });
    if (question && question.state !== "revealed") return this.asking(question, deed);
    if (this.planless()) {
      const after = waiting(this.questions());
      return after ? deed("next", () => this.choose(after.id), false, false, { title: after.title }) : deed("none", () => {}, false, true);
    }
    if (agenda.state === "before") return deed("start", () => this.send("agenda_start", {}));
    if (agenda.state === "ended") return deed("ended", () => {}, false, true);
    const here = agenda.segments.findIndex((/** @type {any} */ one) => one.id === agenda.current);
    const after = agenda.segments[here + 1];
    if (!after) return deed("end", () => this.send("agenda_end", {}), true);
    return deed("next", () => this.send("agenda_next", { current: agenda.current }), false, false, { title: after.title });
  }

  /**
   * @param {Question} question
   * @param {(name: string, act: () => void, held?: boolean, off?: boolean, params?: any) => Deed} deed
   */
  asking(question, deed) {
    const about = { question: question.id };
    if (question.state === "draft") {
      const seconds = this.seconds(question);
      return deed("open", () => this.send("question_open", seconds ? { ...about, seconds } : about));
    }
    if (question.state === "open") return deed("close", () => this.send("question_close", about), true);
    if (question.state === "closing") return deed("closing", () => {}, false, true);
    return deed("reveal", () => this.send("question_reveal", about), true);
  }

  /** A step of the evening, unless the press belongs to the step before. @param {() => void} act */
  step(act) {
    if (this.hold.resting()) return;
    this.hold.rest();
    act();
    this.paint();
  }

  /**
   * @param {string} event
   * @param {Record<string, any>} payload
   * @param {boolean} [keyed]
   */
  async send(event, payload, keyed = true) {
    const answer = await command(this.page, event, keyed ? { key: draws(), ...payload } : payload);
    this.said = answer.status === "refused" ? answer.message || answer.code : "";
    this.unsent = answer.code === "not_connected";
    if (event === "question_reopen" && answer.question) this.choose(answer.question);
    this.paint();
    return answer;
  }

  /** The line is back: what could not be sent for want of it can be pressed again. */
  unsay() {
    if (!this.unsent) return;
    this.unsent = false;
    this.said = "";
    if (this.seatSaid && this.seatSaid.bad) this.seatSaid = null;
    this.paint();
  }

  async resetSeat() {
    const seat = Number(this.seat);
    if (!Number.isInteger(seat) || seat < 1) return;
    const answer = await this.send("seat_reset", { seat }, false);
    const bad = answer.status === "refused";
    this.seatSaid = { bad, words: bad ? this.said : t("console.seat_done", { n: seat }) };
    this.said = "";
    if (!bad) this.seat = "";
    this.paint();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (typing || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    // The physical key: with a Korean layout on, B types ㅠ.
    if (event.code === "KeyB") this.blank();
  }

  /** Frames give their stage its unit: one hundredth of a 16:9 frame's height. */
  fit() {
    document.querySelectorAll("[data-frame]").forEach((frame) => {
      const stage = /** @type {HTMLElement|null} */ (frame.querySelector(".stage"));
      const { width, height } = frame.getBoundingClientRect();
      if (stage && width) stage.style.setProperty("--u", `${Math.min(height / 100, (width * 9) / 1600)}px`);
    });
  }

  mast() {
    const { store, clock } = this.page;
    const forum = store.get("forum") || {};
    const agenda = store.get("agenda");
    const conn = connection(this.page, 0);
    const late = agenda && !this.planless() ? minutes(forecast(agenda, clock.now()).late) : 0;
    const word = late ? t(late > 0 ? "console.late" : "console.early", { time: long(Math.abs(late)) }) : "";
    const mast = document.getElementById("mast");
    if (mast) mast.classList.toggle("mast-cut", conn.kind === "conn-lost");
    return html`${house()}<b>${forum.title}</b><span class="conn ${conn.kind}" role="status">${conn.text}</span>
      <time class="clocktime">${timeOfDay(clock.now())}</time>
      ${agenda && agenda.state !== "ended" && word ? html`<span class="tag ${late > 0 ? "tag-wait" : ""}">${word}</span>` : nothing}`;
  }

  render() {
    draw(document.getElementById("mast"), this.mast());
    draw(document.getElementById("main"), html`${views(this)} ${control(this)} ${keys(this)}`);
    draw(document.getElementById("plan"), plan(this));
    draw(document.getElementById("room"), room(this));
    this.fit();
  }
}

new Console().start();
