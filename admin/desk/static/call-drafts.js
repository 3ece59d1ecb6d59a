/* What the agent has typed and not saved yet: kept in this browser as it is typed, so neither a reload nor a lost line
 * loses anything.
 *
 * Owns: the stored drafts, by agent, call and field. Must not: know the form, or the server (`draft-sync.js`).
 * What nobody came back to for a month goes with the other drafts (`Drafts.tidy`).
 *
 * An entry: {v, at, sent}: the value (absent: it stands again as it is saved), when it was typed by this computer's
 * clock, and whether the server has it.
 */

import { memory } from "./page.js";

const PREFIX = "centralita.draft.call.";

export class CallDrafts {
  constructor(agentId) {
    this.prefix = `${PREFIX}${agentId}.`;
  }

  /** All entries of a call, by the field's key. */
  entries(callId) {
    try {
      const stored = JSON.parse(memory.get(this.prefix + callId) ?? "{}");
      return stored.fields ?? {};
    } catch {
      return {};
    }
  }

  /** `{key: value}` of what differs from what is saved. */
  of(callId) {
    const kept = Object.entries(this.entries(callId)).filter(([, entry]) => entry.v !== undefined);
    return Object.fromEntries(kept.map(([key, entry]) => [key, entry.v]));
  }

  /** `changes`: {key: entry, or null to forget it}. */
  keep(callId, changes) {
    const fields = this.entries(callId);
    for (const [key, entry] of Object.entries(changes)) {
      if (entry === null || (entry.v === undefined && entry.sent)) delete fields[key];
      else fields[key] = entry;
    }
    if (Object.keys(fields).length === 0) memory.remove(this.prefix + callId);
    else memory.set(this.prefix + callId, JSON.stringify({ at: Date.now(), fields }));
  }

  forget(callId) {
    memory.remove(this.prefix + callId);
  }

  has(callId) {
    return Object.keys(this.of(callId)).length > 0;
  }

  /** The call of a storage event of another tab, or null. */
  callOf(key) {
    return key?.startsWith(this.prefix) ? key.slice(this.prefix.length) : null;
  }
}
