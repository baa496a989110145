/**
 * What this device remembers, and what it draws for itself. No rules about what is kept: an
 * address, a value. Two tabs share one shelf, so a map is written entry by entry.
 */

/** A shelf that never throws: private windows forbid storage. */
export const shelf = {
  /** @param {string} key */
  getItem(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  setItem(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Nothing to do: the page still holds it.
    }
  },
  /** @param {string} key */
  removeItem(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // The same.
    }
  },
};

/**
 * @param {string} key
 * @param {any} otherwise
 */
export function recall(key, otherwise) {
  try {
    return JSON.parse(shelf.getItem(key) || "null") || otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {string} key @param {unknown} value */
export const keep = (key, value) => shelf.setItem(key, JSON.stringify(value));

/**
 * Write what this page changed in a map; what another tab wrote meanwhile stays.
 * @param {string} key
 * @param {Record<string, any>} before  the map as this page last read or wrote it
 * @param {Record<string, any>} now
 */
export function keepChanges(key, before, now) {
  const stored = recall(key, {});
  for (const name of Object.keys({ ...before, ...now })) {
    if (!(name in now)) delete stored[name];
    else if (now[name] !== before[name]) stored[name] = now[name];
  }
  keep(key, stored);
}

/** 128 random bits as 32 hexadecimal characters. */
export function draws() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The key by which this device gets its seat of a forum again when the answer was lost.
 * @param {string} code
 * @returns {string}
 */
export function deviceKey(code) {
  const name = `th:${code}:device`;
  const kept = recall(name, "");
  if (/^[0-9a-f]{32}$/.test(kept)) return kept;
  const drawn = draws();
  keep(name, drawn);
  return drawn;
}
