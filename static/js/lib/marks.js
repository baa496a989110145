/**
 * Candidate marks and the few icons. A candidate is a letter, a shape and a colour together; past
 * H only the letter remains, in a neutral square.
 */

import { html, nothing, svg, vars } from "./dom.js";

const SHAPED = "abcdefgh";

/** @param {string} id @returns {string} the class that gives an element a candidate's colours */
export function cand(id) {
  const letter = String(id).toLowerCase();
  return letter.length === 1 && SHAPED.includes(letter) ? `cand-${letter}` : "cand-x";
}

/**
 * What is written in a mark: the letter, or a short number for later options.
 * @param {string} id
 */
export const letter = (id) => (/^[a-z]$/i.test(id) ? id.toUpperCase() : id.replace(/^[a-z]+/i, ""));

/**
 * @param {string} id  an option's id
 * @param {string} [size]  a length; without it the place decides
 */
export function mark(id, size) {
  const name = cand(id).replace("cand-", "mark-");
  return size
    ? html`<span class="mark ${name}" ${vars({ mark: size })}>${letter(id)}</span>`
    : html`<span class="mark ${name}">${letter(id)}</span>`;
}

const PATHS = {
  order: svg`<path d="M9 6h11M9 12h11M9 18h11"/><path d="M4 6h.5M4 12h.5M4 18h.5"/>`,
  table: svg`<circle cx="12" cy="12" r="4.5"/><g fill="currentColor" stroke="none"><circle cx="12" cy="3.5" r="1.8"/><circle cx="12" cy="20.5" r="1.8"/><circle cx="4.6" cy="7.7" r="1.8"/><circle cx="19.4" cy="7.7" r="1.8"/><circle cx="4.6" cy="16.3" r="1.8"/><circle cx="19.4" cy="16.3" r="1.8"/></g>`,
  asks: svg`<path d="M4 5h16v11H11l-4.5 4v-4H4z"/><path d="M8 9h8M8 12.5h5"/>`,
  votes: svg`<path d="M6 3h12v18l-2-1.5-2 1.5-2-1.5-2 1.5-2-1.5L6 21z"/><path d="M9.5 8h5M9.5 12h5"/>`,
  link: svg`<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1"/><path d="M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1"/>`,
  sent: svg`<path d="M2.5 12.5l4.5 4.5 9-10M12.5 16.5l.5.5 9-10"/>`,
  kept: svg`<path d="M7 3h10v18H7z"/><path d="M11 18h2"/>`,
  bell: svg`<path d="M6 17V11a6 6 0 0 1 12 0v6"/><path d="M4 17h16M10 20.5h4"/>`,
  yes: svg`<circle cx="50" cy="50" r="40"/>`,
  no: svg`<path d="M16 16l68 68M84 16L16 84"/>`,
};

/** @param {keyof typeof PATHS} name */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${PATHS[name]}</svg>`;

/** @param {"yes"|"no"} name  the ring and the cross of a yes/no question, in ink */
export const sign = (name) => html`<svg viewBox="0 0 100 100" aria-hidden="true">${PATHS[name]}</svg>`;

/** @param {string} [size] */
export const house = (size) => html`<span class="house"
  ><svg viewBox="0 0 78 24" aria-hidden="true" ${size ? vars({ mark: size }) : nothing}>
    <path d="M4 2h16a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z" />
    <circle cx="39" cy="12" r="10.5" />
    <path d="M66 0l12 12-12 12-12-12z" /></svg
></span>`;
