/* Drafts on the server: what is typed goes there within a second, what another tab or computer typed comes back.
 *
 * Owns: when to send, what to do with what comes back. Must not: touch the page: `put` and `tell` do (`notes.js`).
 *
 * The newest wins, field by field; clocks differ, so each side says how long ago something was typed.
 */

import { same } from "./fields.js";
import { callUrl, post, postAtTheEnd } from "./web.js";

const AFTER_TYPING_MS = 1000;
const AGAIN_MS = [2000, 4000, 8000, 15000, 30000];
const TOO_MUCH_AGAIN_MS = 60000;
const TAB = crypto.randomUUID?.() ?? String(Math.random()).slice(2);

const living = new Set(); // those of the pops on the screen

export class DraftSync {
  /** `put(key, value or undefined)`: what stands in a field now; `tell(key, value, why)`: the one that gave way. */
  constructor(callId, drafts, { put, tell, saved }) {
    this.callId = callId;
    this.drafts = drafts;
    this.put = put;
    this.tell = tell;
    this.savedElsewhere = saved;
    this.version = 0;
    this.timer = 0;
    this.failures = 0;
    this.stopped = false; // it is not ours to keep, or the pop is gone
    this.held = false; // *Salvar* is under way
    living.add(this);
  }

  /** Something was typed: it goes within a second, however long the typing goes on. */
  soon(wait = AFTER_TYPING_MS) {
    if (this.timer !== 0 || this.stopped) return;
    this.timer = setTimeout(() => this.#send(), wait);
  }

  /** At once: the line is back, or the page is put aside. */
  now() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.#unsent().length > 0) this.#send();
  }

  hold(held) {
    this.held = held;
    if (!held) this.soon();
  }

  end() {
    this.now();
    this.stopped = true;
    living.delete(this);
  }

  /** The draft as the server has it: `{version, fields: {key: {v, age}}}`. */
  take({ version, fields }) {
    this.version = Math.max(this.version, version);
    const mine = this.drafts.entries(this.callId);
    for (const [key, theirs] of Object.entries(fields)) this.#meet(key, theirs, mine[key]);
    // What the server does not know any more goes there again.
    const lost = Object.entries(mine).filter(([key, entry]) => entry.sent && fields[key] === undefined);
    this.drafts.keep(this.callId, Object.fromEntries(lost.map(([key, entry]) => [key, { ...entry, sent: false }])));
    if (this.#unsent().length > 0) this.soon();
  }

  /** One field of theirs against what stands here. */
  #meet(key, { v, age }, mine) {
    const at = Date.now() - age;
    if (mine !== undefined && !mine.sent && mine.at >= at) return; // ours is newer, and goes to them
    if (mine !== undefined && same(mine.v, v)) return void this.drafts.keep(this.callId, { [key]: { ...mine, sent: true } });
    if (mine === undefined && v === undefined) return;
    this.drafts.keep(this.callId, { [key]: v === undefined ? null : { v, at, sent: true } });
    this.put(key, v);
    if (mine !== undefined && !mine.sent && mine.v !== undefined) this.tell(key, mine.v, v === undefined ? "saved" : "newer");
  }

  #unsent() {
    return Object.entries(this.drafts.entries(this.callId)).filter(([, entry]) => !entry.sent);
  }

  #body(entries) {
    const at = Date.now();
    const typed = entries.map(([key, entry]) => [key, { v: entry.v ?? null, age: Math.max(0, at - entry.at) }]);
    return { tab: TAB, seen: this.version, fields: Object.fromEntries(typed) };
  }

  async #send() {
    this.timer = 0;
    const entries = this.#unsent();
    if (entries.length === 0 || this.stopped || this.held) return;
    const { status, body } = await post(callUrl(this.callId, "draft"), this.#body(entries));
    if (status === 200) this.#arrived(Object.fromEntries(entries), body);
    else this.#failed(status);
  }

  #arrived(sent, { version, fields, newer, replaced }) {
    this.failures = 0;
    const now = this.drafts.entries(this.callId);
    const settled = Object.keys(sent).filter((key) => now[key]?.at === sent[key].at && !newer.includes(key));
    this.drafts.keep(this.callId, Object.fromEntries(settled.map((key) => [key, { ...sent[key], sent: true }])));
    this.version = version;
    const after = this.drafts.entries(this.callId);
    for (const [key, theirs] of Object.entries(fields)) {
      if (after[key] !== undefined && !after[key].sent && !newer.includes(key)) continue; // typed again meanwhile
      const mine = newer.includes(key) ? { ...sent[key], at: 0 } : after[key];
      this.#meet(key, theirs, mine);
    }
    for (const [key, value] of Object.entries(replaced)) this.tell(key, value, "replaced");
    if (Object.values(fields).some(({ v }) => v === undefined)) this.savedElsewhere();
    if (this.#unsent().length > 0) this.soon();
  }

  #failed(status) {
    // 401: the log-in page is next, and then this begins anew. 403: another's call. 400: not understood, never will be.
    if ([400, 401, 403].includes(status)) this.stopped = true;
    else this.soon(status === 413 ? TOO_MUCH_AGAIN_MS : AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)]);
  }

  /** The page goes: the last second's typing goes with a request that outlives it. */
  last() {
    const entries = this.#unsent();
    if (entries.length > 0 && !this.stopped && !this.held) postAtTheEnd(callUrl(this.callId, "draft"), this.#body(entries));
  }
}

addEventListener("pagehide", () => living.forEach((one) => one.last()));
addEventListener("online", () => living.forEach((one) => one.now()));
document.addEventListener("visibilitychange", () => living.forEach((one) => one.now()));

/** The line to the engine is back: the web's most likely too. */
export function sendDrafts() {
  for (const one of living) one.now();
}
