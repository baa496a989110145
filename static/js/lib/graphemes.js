/**
 * Text counted as people count it: a family emoji or a Hangul syllable made of parts is one. The
 * server counts in the same way and has the last word.
 */

/** Joins with what stands before it: marks, selectors, skin tones, joiners. */
const CLINGS = /^[\p{M}\u200d\ufe0e\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]$/u;

/**
 * A fair count for browsers without Intl.Segmenter.
 * @param {string} text
 */
export function roughly(text) {
  let count = 0;
  let joined = false;
  for (const sign of text) {
    if (!CLINGS.test(sign) && !joined) count += 1;
    joined = sign === "\u200d";
  }
  return count;
}

/** @param {string} text  as it will be stored: NFC, trimmed */
export function graphemes(text) {
  const stored = text.normalize("NFC").trim();
  const { Segmenter } = /** @type {any} */ (Intl);
  if (!Segmenter) return roughly(stored);
  return Array.from(new Segmenter(undefined, { granularity: "grapheme" }).segment(stored)).length;
}
