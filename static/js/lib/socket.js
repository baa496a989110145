/**
 * The line to the server: a websocket, and plain HTTP where websockets stay blocked. It carries
 * events up with an answer each, and slices down; it knows nothing about what they mean.
 */

import { io } from "../../vendor/socket.io/socket.io.esm.min.js";

/** @typedef {"connecting"|"connected"|"polling"|"lost"|"over"} LineState */

const TIMEOUT = 8000;
/** A hall that comes at once stands in a line at the door; giving up early would lengthen it. */
const JOIN_TIMEOUT = 30000;
const POLL_EVERY = 2500;
/** Failures in a row after which plain HTTP takes over; websockets are tried on beside it. */
const BLOCKED_AFTER = 2;

/**
 * Full jitter between 1 and 20 seconds, doubling with each failure.
 * @param {number} failures
 * @param {() => number} [random]
 */
export const pause = (failures, random = Math.random) =>
  1000 + Math.round(random() * Math.min(19000, 1000 * 2 ** Math.min(failures, 6)));

/**
 * Seconds to stay away after a goodbye: before a restart any moment within the time told, so that
 * all come back at different ones; otherwise that time is the least.
 * @param {string} reason
 * @param {number} seconds
 * @param {() => number} [random]
 */
export const absence = (reason, seconds, random = Math.random) =>
  reason === "restart" ? seconds * random() : seconds * (1 + random()) + 0.5;

export class Line {
  /**
   * @param {{code: string, token: string, hello: () => Record<string, any>,
   *   heard: (frame: any, trip?: number) => void, state: (state: LineState, why?: string) => void,
   *   renew?: (line: Line) => Promise<string|null>}} options
   *   `hello` gives the payload of the greeting; `heard` is told every greeting's answer and
   *   every frame of slices; `renew` finds another token when the server refuses this one.
   */
  constructor({ code, token, hello, heard, state, renew }) {
    this.code = code;
    this.token = token;
    this.hello = hello;
    this.heard = heard;
    this.tell = state;
    this.renew = renew || (() => this.refresh());
    /** @type {LineState} */
    this.now = "connecting";
    this.failures = 0;
    this.ever = false;
    this.etag = "";
    /** @type {any} */
    this.timer = null;
    /** @type {any} */
    this.poller = null;
    /** @type {any} */
    this.socket = null;
  }

  start() {
    this.socket = io({
      path: "/socket.io/",
      transports: ["websocket"],
      reconnection: false,
      timeout: TIMEOUT,
      autoConnect: false,
      auth: (/** @type {(data: object) => void} */ give) => give({ forum: this.code, token: this.token }),
    });
    this.socket.on("connect", () => this.greet());
    this.socket.on("slices", (/** @type {any} */ frame) => this.heard(frame));
    this.socket.on("bye", (/** @type {any} */ frame) => this.leave(frame || {}));
    this.socket.on("connect_error", (/** @type {any} */ error) => this.failed(error));
    this.socket.on("disconnect", () => this.retry());
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.socket.connect();
  }

  /** @param {LineState} state @param {string} [why] */
  become(state, why) {
    if (this.now === state && !why) return;
    this.now = state;
    this.tell(state, why);
  }

  /** Whether an event sent now would travel. */
  get open() {
    return this.now === "connected" || this.now === "polling";
  }

  greet() {
    const asked = Date.now();
    this.socket
      .timeout(TIMEOUT)
      .emitWithAck("hello", this.hello())
      .then((/** @type {any} */ answer) => {
        if (answer && answer.status === "refused") throw answer;
        this.failures = 0;
        this.ever = true;
        this.stopPolling();
        this.heard(answer, Date.now() - asked);
        this.become("connected");
      })
      .catch(() => this.socket.disconnect());
  }

  /** @param {any} error */
  failed(error) {
    this.failures += 1;
    // Only the server's own refusal carries `data`; everything else did not reach it.
    if (error && "data" in error) return this.renewed();
    if (this.failures >= BLOCKED_AFTER) this.startPolling();
    this.retry(false);
  }

  /** The server answered and refused: the token is old or revoked. */
  async renewed() {
    const token = await this.renew(this).catch(() => null);
    if (token) this.token = token;
    if (!token && this.failures > 1) return this.leave({ reason: "refused" });
    this.retry(false);
  }

  /** Try again later. @param {boolean} [say] */
  retry(say = true) {
    if (this.now === "over") return;
    if (say || !this.poller) this.become(this.poller ? "polling" : this.ever ? "lost" : "connecting");
    this.plan(pause(this.poller ? 6 : this.failures));
  }

  /** @param {number} ms */
  plan(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.socket.connect(), ms);
  }

  /** The person is back, or the network is: do not wait for the timer. */
  hurry() {
    if (this.now === "over" || !this.socket || this.socket.connected) return;
    this.plan(Math.round(Math.random() * 1000));
  }

  /** @param {{reason?: string, retry_after?: number}} frame */
  leave({ reason = "", retry_after }) {
    if (retry_after === undefined || retry_after === null) {
      this.become("over", reason);
      this.stopPolling();
      clearTimeout(this.timer);
      this.socket.disconnect();
      return;
    }
    this.become("lost", reason);
    this.socket.disconnect();
    // The whole hall is told goodbye at once; it must not come back at once.
    this.plan(1000 * absence(reason, retry_after));
  }

  /** A fresh short-lived token for a page whose cookie still names a session, or null. */
  async refresh() {
    const answer = await this.post("token", null);
    return (answer && answer.token) || null;
  }

  /**
   * Send an event and wait for its answer; rejects when it may not have arrived.
   * @param {string} event
   * @param {Record<string, any>} payload
   * @returns {Promise<any>}
   */
  send(event, payload) {
    if (this.socket && this.socket.connected) return this.socket.timeout(TIMEOUT).emitWithAck(event, payload);
    if (this.now === "polling") return this.post(event, payload);
    return Promise.reject(new Error("no line"));
  }

  /**
   * The HTTP twin of an event.
   * @param {string} event
   * @param {Record<string, any>|null} payload
   * @param {boolean} [again]  whether the page's token was renewed for this try
   * @returns {Promise<any>}
   */
  async post(event, payload, again = false) {
    /** @type {Record<string, string>} */
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), event === "join" ? JOIN_TIMEOUT : TIMEOUT);
    const answer = await fetch(`/api/f/${this.code}/${event}`, {
      method: "POST",
      headers,
      body: JSON.stringify(payload || {}),
      credentials: "same-origin",
      signal: stop.signal,
    }).finally(() => clearTimeout(timer));
    const said = await answer.json().catch(() => null);
    if (!said || !said.status) throw new Error(`answer ${answer.status}`);
    if (said.code === "sign_in" && !again && event !== "token" && event !== "join") {
      // The page's token lives an hour; without a socket nobody else would notice its end.
      const token = await this.refresh();
      if (token) {
        this.token = token;
        return this.post(event, payload, true);
      }
    }
    return said;
  }

  startPolling() {
    if (this.poller) return;
    const turn = async () => {
      try {
        const asked = Date.now();
        const frame = this.etag ? await this.look() : await this.post("hello", this.hello());
        if (frame && frame.status !== "refused") this.heard(frame, Date.now() - asked);
        if (!this.etag) this.etag = "-";
        this.become("polling");
      } catch {
        this.become("lost");
      }
      if (this.poller) this.poller = setTimeout(turn, POLL_EVERY * (0.75 + Math.random() / 2));
    };
    this.poller = setTimeout(turn, 0);
  }

  /** The cacheable state; null when nothing moved. */
  async look() {
    const answer = await fetch(`/api/f/${this.code}/state`, {
      headers: { Authorization: `Bearer ${this.token}`, "If-None-Match": this.etag },
    });
    if (answer.status === 304) return null;
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
    this.etag = answer.headers.get("ETag") || "-";
    return answer.json();
  }

  stopPolling() {
    clearTimeout(this.poller);
    this.poller = null;
    this.etag = "";
  }
}
