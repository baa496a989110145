/** The kinds of ballot a browser can fill in and draw, by the name the server gives them. */

import * as dots from "./dots.js";
import * as multiple from "./multiple.js";
import * as ranking from "./ranking.js";
import * as score from "./score.js";
import * as single from "./single.js";
import * as yesno from "./yesno.js";

/**
 * @typedef {{instant: boolean,
 *   form: (question: import("../lib/types.js").Question, draft: any, update: (draft: any) => void,
 *     locked: boolean, table?: number|null) => unknown,
 *   ready: (question: import("../lib/types.js").Question, draft: any) =>
 *     {ok: boolean, key: string, params?: Record<string, unknown>},
 *   choice: (draft: any) => any, draft: (choice: any) => any,
 *   draw: (question: import("../lib/types.js").Question, result: import("../lib/types.js").Result) => unknown
 * }} BallotKind
 */

/** @type {Record<string, BallotKind>} */
export const BALLOTS = { dots, multiple, ranking, score, single, yesno };
