/** The run of show by the clock, the same on every screen: the plan, what was added, and now. */

/**
 * How long an item lasts as things stand, in milliseconds.
 * @param {{minutes: number, extended: number}} segment
 */
export const length = (segment) => (segment.minutes + segment.extended) * 60000;

/**
 * When each item began or will begin as things stand, and how late the end of the current one is.
 * `screens/agenda.py` says the same for a page's first paint.
 * @param {import("./types.js").Agenda} agenda
 * @param {number} now
 */
export function forecast(agenda, now) {
  /** @type {Record<number, number>} */
  const starts = {};
  let at = agenda.state === "ended" ? agenda.starts_at : Math.max(agenda.starts_at, now);
  let late = agenda.state === "before" ? Math.max(0, now - agenda.starts_at) : 0;
  for (const one of agenda.segments) {
    const began = one.started_at === null ? at : one.started_at;
    starts[one.id] = began;
    if (one.started_at === null) at += length(one);
    else at = one.ended_at === null ? Math.max(now, began + length(one)) : one.ended_at;
    if (one.id === agenda.current) late = at - (one.planned_at + one.minutes * 60000);
  }
  return { starts, late };
}
