/**
 * What the page knows: slices with the version each came with, and `me`. A frame that is older
 * than what is here is dropped; another epoch (a restored database) empties everything.
 */

/** @typedef {import("./types.js").Version} Version */

/**
 * Negative when `a` is older than `b`; only versions of one epoch can be compared.
 * @param {Version} a
 * @param {Version} b
 */
export const compare = (a, b) => a[1] - b[1] || a[2] - b[2];

export class Store {
  constructor() {
    /** @type {Record<string, any>} */
    this.slices = {};
    /** @type {Record<string, Version>} */
    this.versions = {};
    /** @type {Version|null} the newest that any slice came with */
    this.version = null;
    /** @type {import("./types.js").Me|null} */
    this.me = null;
    /** @type {Set<(names: string[]) => void>} */
    this.listeners = new Set();
  }

  /** @param {string} name @returns {any} */
  get(name) {
    return this.slices[name];
  }

  /**
   * Take a frame. Returns the names that changed.
   * @param {Version|null|undefined} version
   * @param {Record<string, any>|null|undefined} slices
   * @returns {string[]}
   */
  take(version, slices) {
    if (!version || !slices) return [];
    if (this.version && this.version[0] !== version[0]) this.forget();
    const names = Object.keys(slices).filter((name) => {
      const known = this.versions[name];
      return !known || compare(version, known) >= 0;
    });
    for (const name of names) {
      this.slices[name] = slices[name];
      this.versions[name] = version;
    }
    if (!this.version || compare(version, this.version) > 0) this.version = version;
    if (names.length) this.tell(names);
    return names;
  }

  /**
   * The version of which everything is here: a frame of a few slices does not make the others new.
   * @returns {Version|null}
   */
  whole() {
    return Object.values(this.versions).reduce(
      (least, one) => (!least || compare(one, least) < 0 ? one : least),
      /** @type {Version|null} */ (null),
    );
  }

  /** @param {import("./types.js").Me|null|undefined} me */
  takeMe(me) {
    if (!me) return;
    this.me = me;
    this.tell(["me"]);
  }

  /** Forget the slices: they belong to another epoch. */
  forget() {
    this.slices = {};
    this.versions = {};
    this.version = null;
  }

  /** @param {(names: string[]) => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @param {string[]} names */
  tell(names) {
    this.listeners.forEach((listener) => listener(names));
  }

  /**
   * @param {number|string|null|undefined} id
   * @returns {import("./types.js").Question|null}
   */
  question(id) {
    return (this.get("questions") || []).find((/** @type {any} */ q) => q.id === Number(id)) || null;
  }

  /**
   * Why nothing can be saved just now, or "". The word runs out by itself: a screen that was cut
   * off is not told when the trouble ends.
   * @param {number} now  the server's time
   */
  trouble(now) {
    const found = this.get("trouble");
    return found && found.reason && found.until > now ? String(found.reason) : "";
  }

  /** @returns {import("./types.js").Segment|null} the item of the run of show that is on */
  segment() {
    const agenda = this.get("agenda");
    if (!agenda) return null;
    return agenda.segments.find((/** @type {any} */ s) => s.id === agenda.current) || null;
  }
}
