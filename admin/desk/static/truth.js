/* What the engine says is true: the agent, the state, the pops. No page, no socket.
 *
 * Owns: how each downward message changes it. Must not: keep what the agent types (`notes.js`).
 * `apply` returns what changed, in order: {what: "welcome" | "state" | "pop" | "update" | "close" | "problem" | "news" | "phone", ...}.
 */

export class Truth {
  agent = null;
  state = { state: "offline", reason: null, since: 0, call_id: null };
  pops = new Map();
  phone = null; // of an agent whose phone is in a browser: which tab has it

  apply(message) {
    switch (message.type) {
      case "welcome":
        return this.#welcome(message);
      case "state":
        this.state = pick(message, ["state", "reason", "since", "call_id"]);
        return [{ what: "state" }];
      case "pop": {
        this.#who(message.pop);
        const known = this.pops.has(message.pop.call_id);
        this.pops.set(message.pop.call_id, message.pop);
        const change = { what: known ? "update" : "pop", pop: message.pop, changes: message.pop };
        return [{ ...change, ack: message.seq }];
      }
      case "pop.update": {
        const pop = this.pops.get(message.call_id);
        if (pop === undefined) return [];
        Object.assign(pop, message.changes);
        return [{ what: "update", pop, changes: message.changes }];
      }
      case "pop.close":
        if (!this.pops.delete(message.call_id)) return [];
        return [{ what: "close", callId: message.call_id, reason: message.reason }];
      case "phone":
        this.phone = message.phone;
        return [{ what: "phone" }];
      case "problem":
        return [{ what: "problem", code: message.code, callId: message.call_id }];
      case "news":
        return [{ what: "news", topic: message.topic, about: message.about }];
      default:
        return []; // a newer engine may say more
    }
  }

  /** The whole truth: what is not in it is gone, what is known already is not shown a second time. */
  /** `made`: the agent makes this call themself: to a number outside, or from their own phone to a colleague's. */
  #who(pop) {
    const mine = pop.direction === "internal" && pop.calling_number === this.agent?.endpoint;
    pop.made = pop.direction === "outbound" || mine;
  }

  #welcome(message) {
    this.agent = message.agent;
    this.state = pick(message.state, ["state", "reason", "since", "call_id"]);
    this.phone = message.phone ?? null;
    const before = this.pops;
    this.pops = new Map(message.pops.map((pop) => [pop.call_id, pop]));
    for (const pop of message.pops) this.#who(pop);
    const changes = [{ what: "welcome", now: message.now }, { what: "state" }, { what: "phone" }];
    for (const callId of before.keys()) {
      if (!this.pops.has(callId)) changes.push({ what: "close", callId, reason: "gone" });
    }
    for (const pop of message.pops) {
      const change = { what: before.has(pop.call_id) ? "update" : "pop", pop, changes: pop, resumed: true };
      changes.push(isAlerting(pop) ? { ...change, ack: message.seq } : change);
    }
    return changes;
  }
}

/** A call that comes in and rings. One that the agent makes (`made`) rings too, but surprises nobody. */
export function isAlerting(pop) {
  if (pop.made) return false;
  return pop.phase === "offered" || pop.phase === "ringing";
}

function pick(from, names) {
  return Object.fromEntries(names.map((name) => [name, from[name] ?? null]));
}
