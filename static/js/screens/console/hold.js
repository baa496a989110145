/**
 * A button that is held, not confirmed by a dialog: a line grows for one second under a finger, a
 * mouse button, Enter or Space, and only then the deed is done. And the rest that a button takes
 * after a step, so that a double press does one.
 */

const HOLD_MS = 1000;
const REST_MS = 700;

export class Hold {
  /**
   * @param {() => void} [woken]  called when a rest is over
   * @param {() => number} [now]  ms
   */
  constructor(woken = () => {}, now = () => performance.now()) {
    this.woken = woken;
    this.now = now;
    /** What the big button did when it was last drawn. */
    this.means = "";
    this.restsUntil = 0;
    /** @type {HTMLElement|null} */
    this.button = null;
    /** @type {string} */
    this.deed = "";
    this.frame = 0;
  }

  /**
   * @param {Event} event
   * @param {string} deed  its name; a render that brings another deed cancels the hold
   * @param {() => void} act
   */
  press(event, deed, act) {
    const button = /** @type {HTMLElement} */ (event.currentTarget);
    if (this.button || button.getAttribute("aria-disabled") === "true") return;
    this.button = button;
    this.deed = deed;
    const since = performance.now();
    const grow = () => {
      if (!this.button) return;
      const share = Math.min(1, (performance.now() - since) / HOLD_MS);
      this.button.style.setProperty("--held", `${share * 100}%`);
      if (share < 1) {
        this.frame = requestAnimationFrame(grow);
        return;
      }
      this.release();
      act();
    };
    this.frame = requestAnimationFrame(grow);
  }

  release() {
    cancelAnimationFrame(this.frame);
    if (this.button) this.button.style.setProperty("--held", "0%");
    this.button = null;
    this.deed = "";
  }

  /**
   * When the big button means something else, what was being held is not done, and a press that
   * was meant for the step before does nothing.
   * @param {string} deed
   * @param {string} [beside]  another deed that may be held meanwhile
   */
  expect(deed, beside = "") {
    if (this.button && this.deed !== deed && this.deed !== beside) this.release();
    if (this.means && this.means !== deed) this.rest();
    this.means = deed;
  }

  rest() {
    this.restsUntil = this.now() + REST_MS;
    setTimeout(this.woken, REST_MS + 10);
  }

  /** Whether a press would belong to the step before. */
  resting() {
    return this.now() < this.restsUntil;
  }

  /**
   * Listeners of a held button.
   * @param {string} deed
   * @param {() => void} act
   */
  on(deed, act) {
    const isKey = (/** @type {KeyboardEvent} */ event) => event.key === "Enter" || event.key === " ";
    return {
      down: (/** @type {PointerEvent} */ event) => event.button === 0 && this.press(event, deed, act),
      up: () => this.release(),
      key: (/** @type {KeyboardEvent} */ event) => {
        if (!isKey(event)) return;
        event.preventDefault();
        if (!event.repeat) this.press(event, deed, act);
      },
      keyUp: (/** @type {KeyboardEvent} */ event) => isKey(event) && this.release(),
      menu: (/** @type {Event} */ event) => event.preventDefault(),
    };
  }
}
