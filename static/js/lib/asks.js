/** The order of questions from the floor, and how many want to know too. */

import { t } from "./words.js";

/** @typedef {import("./types.js").Ask} Ask */

/**
 * Whoever holds a ticket decides the order; a code that anybody may type decides only between equals.
 * @param {Ask} a @param {Ask} b
 */
export const byVotes = (a, b) => b.upvotes - a.upvotes || b.open - a.open || a.id - b.id;

/** What stands behind the number: those who came with the code alone. @param {Ask} ask */
export const andOpen = (ask) => (ask.open ? ` + ${t("live.channel.open", { n: ask.open })}` : "");
