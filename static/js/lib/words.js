/**
 * The catalogue in the browser: the same keys as the server's, from the page's #words block.
 */

/** @type {Record<string, string|Record<string, string>>} */
let table = {};
let language = "ko";
/** @type {Intl.PluralRules|null} */
let rules = null;

/**
 * @param {Record<string, string|Record<string, string>>} words
 * @param {string} lang
 */
export function load(words, lang) {
  table = words || {};
  language = lang || "ko";
  rules = typeof Intl === "object" && Intl.PluralRules ? new Intl.PluralRules(language) : null;
}

/** The language of the page. */
export const lang = () => language;

/** @param {string} key */
export const knows = (key) => key in table;

/**
 * The words of a key, `{name}` filled in; a key with plural forms chooses by `n`.
 * @param {string} key
 * @param {Record<string, unknown>} [params]
 * @returns {string}
 */
export function t(key, params = {}) {
  let text = table[key];
  if (text && typeof text === "object") {
    const form = rules ? rules.select(Number(params.n)) : "other";
    text = text[form] || text.other;
  }
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? shown(params[name]) : whole));
}

/** @param {unknown} value  numbers from a thousand on get the language's separators */
const shown = (value) =>
  typeof value === "number" && value >= 1000 ? value.toLocaleString(language) : String(value);
