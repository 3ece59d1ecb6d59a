/* What a closed socket means for the page: docs/protocols/desk-websocket.md, "Closing codes".
 *
 * Owns: the decision. Must not: hold a socket, a timer or words: `why` is the key of a text.
 */

const SHORT_CAP_MS = 2000;
const LONG_CAP_MS = 10000;
const LONG_AFTER_MS = 60000;
const FIRST_MS = 250;

/** What went wrong lately. `calm()` after a connection that held. */
export class Troubles {
  constructor() {
    this.calm();
  }

  calm() {
    this.counts = new Map();
  }

  /** How often this code came since the last calm, this time included. */
  again(code) {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    return count;
  }
}

const ONCE = new Set([4000, 1007, 1009]);

/**
 * `{action: "retry" | "stop", why, freshToken, waitMs}`: `waitMs` is the least time to wait, ms.
 * `why` of a stop: "login", "ended", "address", "tabs", "protocol".
 */
export function afterClose(code, troubles) {
  const retry = (more = {}) => ({ action: "retry", why: "lost", freshToken: false, waitMs: 0, ...more });
  const stop = (why) => ({ action: "stop", why, freshToken: true, waitMs: 0 });
  const times = troubles.again(code);
  if (ONCE.has(code)) return times > 1 ? stop("protocol") : retry({ freshToken: true });
  switch (code) {
    case 4001:
      return times > 1 ? stop("login") : retry({ freshToken: true });
    case 4002:
      return retry({ freshToken: true });
    case 4003:
      return stop("address");
    case 4004:
      return stop("ended");
    case 4007:
      return times > 1 ? stop("protocol") : retry({ waitMs: 5000 });
    case 4008:
      return stop("tabs");
    default:
      return retry(); // 1001, 1006, 1011, 4005, 4006, and whatever a proxy makes up
  }
}

/**
 * How long to wait before attempt `attempt` (from 0), ms. `chance`: 0 to 1. Doubles from a quarter of a second; the cap
 * is low for the first minute, so that a restarted engine has its desks back within a breath.
 */
export function backOff(attempt, lostForMs, chance) {
  const cap = lostForMs < LONG_AFTER_MS ? SHORT_CAP_MS : LONG_CAP_MS;
  const full = Math.min(cap, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(full * (0.5 + 0.5 * chance));
}
