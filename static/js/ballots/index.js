/**
 * The kinds of ballot a browser can fill in and draw, by the name the server gives them. A kind is
 * fetched when a question of it is first shown, so that a phone pays for the kinds it meets.
 */

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

/** @type {Record<string, () => Promise<BallotKind>>} */
export const BALLOTS = {
  dots: () => import("./dots.js"),
  multiple: () => import("./multiple.js"),
  ranking: () => import("./ranking.js"),
  score: () => import("./score.js"),
  single: () => import("./single.js"),
  yesno: () => import("./yesno.js"),
};

/** @type {Record<string, BallotKind>} */
const here = {};
/** @type {Record<string, Promise<void>>} */
const coming = {};

/**
 * A kind that is here, or null while it is fetched; `then` is called once it has come.
 * @param {string} name
 * @param {() => void} [then]
 * @returns {BallotKind|null}
 */
export function ballot(name, then) {
  if (here[name]) return here[name];
  if (!(name in coming) && name in BALLOTS) {
    coming[name] = BALLOTS[name]().then(
      (kind) => {
        here[name] = kind;
      },
      () => {
        // The line was down: the next drawing asks again.
        delete coming[name];
      },
    );
  }
  if (then && name in coming) coming[name].then(then);
  return null;
}
