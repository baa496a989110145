/**
 * The shapes that travel between server and browser, as JSDoc types. No code: nothing loads this.
 *
 * @typedef {[string, number, number]} Version  epoch, revision, ballot batches
 * @typedef {{id: string, title: string, table?: number}} Option
 * @typedef {"yesno"|"single"|"multiple"|"score"|"ranking"|"dots"} Kind
 * @typedef {"draft"|"open"|"closing"|"closed"|"revealed"} QuestionState
 * @typedef {{id: number, kind: Kind, round: "first"|"final"|null, first: number|null, title: string,
 *   help: string, options: Option[], config: Record<string, any>, secret: boolean,
 *   changeable: boolean, results: "hidden"|"live", base: string, eligibility: "seats"|"open",
 *   seconds: number|null, state: QuestionState, opened_at: number|null, closes_at: number|null,
 *   closed_at: number|null, revealed_at: number|null, reopens: number|null}} Question
 * @typedef {{id: string, code: string, commitment: string, writer?: number, batch?: number}} Receipt
 * @typedef {{status: string, choice?: any, rev: number, receipt?: Receipt|null, key?: string,
 *   nonce?: string}} Vote
 * @typedef {{seat: number|null, number: number|null, kind: string|null, table: number|null,
 *   nickname: string, role: string, votes: Record<string, Vote>, upvoted: number[],
 *   asks: number[]}} Me
 * @typedef {{code: string, title: string, host: string, language: string, entry: string,
 *   state: string, starts_at: number, tables: number[], url: string}} Forum
 * @typedef {{id: number, kind: string, title: string, prompt: string, minutes: number,
 *   extended: number, spare: number, question: number|null, facts: Record<string, any>,
 *   started_at: number|null, ended_at: number|null, planned_at: number}} Segment
 * @typedef {{name: string, seconds: number, started_at: number}} Speaker
 * @typedef {{state: "before"|"running"|"ended", starts_at: number, started_at: number|null,
 *   ended_at: number|null, current: number|null, segments: Segment[], speaker: Speaker|null}} Agenda
 * @typedef {{scene: string, question: number|null, blank: boolean}} StageState
 * @typedef {{voted: number, entitled: number, channels: Record<string, number>,
 *   root?: string, heads?: Record<string, string>}} Turnout
 * @typedef {{id: string, figure: string|null, unit: string, count: number, share: string|null,
 *   bar: string, place: number, spread?: Record<string, number>}} Row
 * @typedef {{counted: number, eligible: number, present: number,
 *   channels: Record<string, number>, digest: string, root: string, differs: boolean,
 *   closed_at: number}} Certificate
 * @typedef {{n: number, abstained: number, base: number, rows: Row[], certificate?: Certificate,
 *   shift?: any, [extra: string]: any}} Result
 * @typedef {{segment: number, table: number, text: string, sent_at: number}} Summary
 * @typedef {{number: number, title: string, notes: number, summary: "none"|"draft"|"sent",
 *   head_count: number|null, calling: string|null, called_at: number|null}} Table
 * @typedef {{id: number, table: number, segment: number|null, kind: string, text: string,
 *   seat: number|null, rev: number, created_at: number, edited_at: number|null}} Note
 * @typedef {{segment: number, text: string, rev: number, sent_at: number|null}} Draft
 * @typedef {{id: number, text: string, upvotes: number, open: number, state: string, created_at: number}} Ask
 * @typedef {{registered: number, checked_in: number, connected: number, entitled: number,
 *   open: number, tables: number, tables_reported: number, proxies: number}} Room
 * @typedef {{key: string, level: "ok"|"warning"|"stop", said: string,
 *   numbers: Record<string, number|string>}} SheetLine
 * @typedef {{at: number, version: string, same_version: boolean, phones: number,
 *   level: "ok"|"warning"|"stop", lines: SheetLine[]}} Rehearsal
 * @typedef {{code: string, audience: string, token: string, version: Version|null,
 *   slices: Record<string, any>, me: Me|null, now: number, lang: string}} Boot
 */

export {};
