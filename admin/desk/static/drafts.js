/* What the agent has typed and not saved yet: kept in this browser as it is typed, so a reload loses nothing.
 *
 * Owns: the stored drafts, by agent and name. Must not: know the form. Those of calls are in `call-drafts.js`.
 */

import { memory } from "./page.js";

const KEPT_MS = 30 * 24 * 3600 * 1000;
const PREFIX = "centralita.draft.";

export class Drafts {
  constructor(agentId) {
    this.prefix = `${PREFIX}${agentId}.`;
  }

  /** `{field: text}` of what differs from what is saved; {} when there is none. */
  of(callId) {
    try {
      return JSON.parse(memory.get(this.prefix + callId) ?? "{}").values ?? {};
    } catch {
      return {};
    }
  }

  keep(callId, values) {
    if (Object.keys(values).length === 0) memory.remove(this.prefix + callId);
    else memory.set(this.prefix + callId, JSON.stringify({ at: Date.now(), values }));
  }

  has(callId) {
    return Object.keys(this.of(callId)).length > 0;
  }

  /** The drafts whose name begins so: `[name, values]`. */
  beginning(start) {
    const names = memory.keys().filter((key) => key.startsWith(this.prefix + start));
    return names.map((key) => [key.slice(this.prefix.length), this.of(key.slice(this.prefix.length))]);
  }

  /** The draft (its ticket) of a storage event of another tab, or null. */
  callOf(key) {
    return key?.startsWith(this.prefix) ? key.slice(this.prefix.length) : null;
  }

  /** Forget what nobody came back to for a month. */
  tidy() {
    try {
      for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
        const { at } = JSON.parse(localStorage.getItem(key) ?? "{}");
        if (!(Date.now() - at < KEPT_MS)) localStorage.removeItem(key);
      }
    } catch {
      // no storage, or somebody else's content: nothing to tidy
    }
  }
}
