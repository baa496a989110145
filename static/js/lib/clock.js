/**
 * Server time in the browser, and how times are written. The phone's own clock may be wrong by
 * hours, so every deadline is compared with the server's.
 */

import { lang } from "./words.js";

export class Clock {
  /** @param {() => number} local  the device's clock, epoch ms */
  constructor(local = Date.now) {
    this.local = local;
    this.offset = 0;
    this.doubt = Infinity;
  }

  /** Server time now, epoch ms. */
  now() {
    return this.local() + this.offset;
  }

  /**
   * Take the server's time. Half the round trip is the doubt; a surer reading replaces an older
   * one, a worse one only where both cannot be true: then somebody has set the device's clock.
   * @param {number|undefined} server  epoch ms
   * @param {number} [trip]  ms between asking and hearing
   */
  sync(server, trip = 1000) {
    if (typeof server !== "number") return;
    const offset = server + trip / 2 - this.local();
    const set = Math.abs(offset - this.offset) > 2 * (trip + this.doubt);
    if (trip > this.doubt * 2 && !set) return;
    this.doubt = Math.max(trip, 1);
    this.offset = offset;
  }
}

/**
 * Milliseconds as a countdown: 0:42, 12:30, 1:05:00. Rounds up, so 0:00 means over.
 * @param {number} ms
 */
export function countdown(ms) {
  const all = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/**
 * The time of day as agendas print it: 14:05.
 * @param {number} ms
 */
export function timeOfDay(ms) {
  const at = new Date(ms);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

/**
 * A date as people say it.
 * @param {number} ms
 */
export function day(ms) {
  return new Intl.DateTimeFormat(lang(), { month: "long", day: "numeric", weekday: "long", hour: "numeric", minute: "2-digit" })
    .format(new Date(ms));
}

/** @param {number} ms @returns {number} whole minutes, rounded to the nearest */
export const minutes = (ms) => Math.round(ms / 60000);
