/**
 * The receipt light as plain data: what state a ballot is in, in words, and what to do about it.
 * Every final status of the protocol has a sentence; there is no spinner without words.
 */

/**
 * @typedef {{tone: "wait"|"kept"|"done"|"fail", title: string, line: string,
 *   params: Record<string, unknown>, code: string|null, change: boolean}} Light
 *   `title` and `line` are catalogue keys; `change` says whether a new choice may still be sent.
 */

const COUNTED = new Set(["counted", "counted_before"]);
/** After the deadline the server still takes what was on its way, for this long, in ms. */
const GRACE = 3000;
const REASONS = new Set(["already_voted", "closed", "not_eligible", "invalid"]);

/** @param {{status?: string}|null|undefined} vote */
export const isCounted = (vote) => Boolean(vote && (COUNTED.has(vote.status || "") || vote.status === "superseded"));

/** @param {import("./types.js").Question} question */
export const isOpen = (question) => question.state === "open" || question.state === "closing";

/**
 * Whether the time is over for good, though the news of the close may not have arrived.
 * @param {import("./types.js").Question} question
 * @param {number} now  the server's time, epoch ms
 */
export const isLate = (question, now) => Boolean(isOpen(question) && question.closes_at && now > question.closes_at + GRACE);

/**
 * The catalogue key of the word for a question's state.
 * @param {import("./types.js").Question} question
 * @param {number} now  the server's time, epoch ms
 */
export function stateKey(question, now) {
  if (isLate(question, now)) return "live.state.closed";
  if (question.state === "open" && question.kind === "dots") return "live.state.open_dots";
  return `live.state.${question.state}`;
}

/**
 * @param {{question: import("./types.js").Question, entry: import("./outbox.js").Entry|null,
 *   vote: any, now?: number, late?: boolean}} facts  `now` is this device's time, as the outbox's
 *   `vote` is the newest answer, its `message` the server's own sentence for a refusal.
 * @returns {Light|null}  nothing was cast yet
 */
export function light({ question, entry, vote, now = Date.now(), late = false }) {
  const base = { code: null, change: false, params: {} };
  if (entry) {
    if (entry.state === "busy") {
      const n = Math.max(1, Math.ceil((entry.until - now) / 1000));
      return { ...base, tone: "wait", title: "live.light.busy", line: "live.light.busy_line", params: { n } };
    }
    if (entry.state === "kept") {
      return { ...base, tone: "kept", title: "live.light.kept", line: late ? "live.light.late_line" : "live.light.kept_line" };
    }
    const line = entry.state === "waiting" ? "live.light.again_line" : "live.light.sending_line";
    return { ...base, tone: "wait", title: "live.light.sending", line };
  }
  if (!vote) return null;
  const change = isOpen(question) && question.changeable && !question.secret;
  if (isCounted(vote) && vote.failed) {
    const code = vote.receipt ? vote.receipt.code : null;
    return { ...base, tone: "fail", title: "live.light.unchanged", line: "live.light.unchanged_line", code, change };
  }
  if (isCounted(vote)) {
    const line = vote.status === "superseded" ? "live.light.superseded_line" : "live.light.done_line";
    const code = vote.receipt ? vote.receipt.code : null;
    return { ...base, tone: "done", title: code ? "live.light.done" : "live.light.done_bare", line, code, change };
  }
  const reason = REASONS.has(vote.status) ? vote.status : "other";
  return {
    ...base,
    tone: "fail",
    title: "live.light.fail",
    line: vote.message ? "live.light.fail_said" : `live.light.fail_${reason}`,
    params: { message: vote.message },
    change: change && reason !== "not_eligible",
  };
}
