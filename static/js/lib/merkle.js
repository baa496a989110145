/**
 * The Merkle root of a list of commitments, as RFC 6962, section 2.1, says it.
 *
 * Belongs here: the tree. Fetched only by a phone that checks its receipt. Calls sha256.js.
 */

import { sha256hex } from "./sha256.js";

/** @param {string} hex */
const bytes = (hex) => (hex.match(/../g) || []).map((pair) => parseInt(pair, 16));

/** @param {string} left @param {string} right */
const node = (left, right) => sha256hex(Uint8Array.from([1, ...bytes(left), ...bytes(right)]));

/**
 * The root over the sorted leaves; the last of an odd level moves up as it is.
 * @param {string[]} leaves
 * @returns {string} 64 hex digits; of nothing the hash of nothing
 */
export function merkleRoot(leaves) {
  let level = [...leaves].sort().map((leaf) => sha256hex(Uint8Array.from([0, ...new TextEncoder().encode(leaf)])));
  if (!level.length) return sha256hex("");
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i < level.length; i += 2) above.push(i + 1 < level.length ? node(level[i], level[i + 1]) : level[i]);
    level = above;
  }
  return level[0];
}
