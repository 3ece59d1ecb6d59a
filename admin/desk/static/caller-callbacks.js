/* What was promised to who calls, in the card of the call: what is still to be made, and what was made lately.
 *
 * Owns: that part of a pop. Must not: know the call, or the room of callbacks.
 */

import { dayAndTime, localOf } from "./account-time.js";
import { data, make, say, toast } from "./page.js";
import { get, post } from "./web.js";

const KEPT_SHOWN = 3;
const AFTER_THE_PAINT_MS = 100; // a call may ring at fifty desks

export class CallerCallbacks {
  /** `part`: of the pop. `clock`: the server's. `changed()`: one was marked made. */
  constructor(part, callId, clock, changed) {
    this.part = part;
    this.callId = callId;
    this.clock = clock;
    this.changed = changed;
    this.contactId = null;
    this.rows = [];
    this.busy = false;
  }

  know(contactId) {
    if (contactId === this.contactId) return;
    this.contactId = contactId;
    this.rows = [];
    this.#draw();
    setTimeout(() => this.refresh(), AFTER_THE_PAINT_MS);
  }

  async refresh() {
    const { contactId } = this;
    if (contactId === null) return;
    const { status, body } = await get(`${data.urls.callbacks}/of-contact/${contactId}`);
    if (status !== 200 || contactId !== this.contactId) return;
    // What was promised in this very call stands in its notes.
    this.rows = body.callbacks.filter((row) => row.call_id !== this.callId);
    this.#draw();
  }

  /** The moment of one may have come. */
  tick() {
    const late = this.rows.filter((row) => this.#isLate(row)).length;
    if (late !== this.late) this.#draw();
  }

  #isLate(row) {
    return row.state === "pending" && row.due_at <= this.clock.now();
  }

  #draw() {
    this.late = this.rows.filter((row) => this.#isLate(row)).length;
    const pending = this.rows.filter(({ state }) => state === "pending");
    const kept = this.rows.filter(({ state }) => state === "done").slice(0, KEPT_SHOWN);
    this.part("promised").hidden = pending.length === 0;
    this.part("promised-count").textContent = String(pending.length);
    const focused = document.activeElement?.closest?.("[data-callback]")?.dataset.callback;
    this.part("promised-list").replaceChildren(...pending.map((row) => this.#pending(row)));
    if (focused) this.part("promised-list").querySelector(`[data-callback="${focused}"] button`)?.focus();
    this.part("kept").hidden = kept.length === 0;
    this.part("kept-list").replaceChildren(...kept.map((row) => this.#kept(row)));
  }

  #pending(row) {
    const when = dayAndTime(row.local, this.clock.now());
    const made = make("button", { type: "button", className: "quiet", disabled: this.busy, "aria-label": say("callbacks.made_of", { who: when }) }, say("callbacks.made"));
    made.onclick = () => this.#made(row);
    return make(
      "li",
      { "data-callback": String(row.id), "data-late": String(this.#isLate(row)) },
      make(
        "div",
        {},
        make("p", { className: "promised-head" }, make("time", {}, when), this.#isLate(row) ? make("span", { className: "tag callback-late" }, say("callbacks.late")) : null),
        make("p", { className: "promised-about" }, [whose(row), row.call_center?.name].filter(Boolean).join(" · ")),
        row.note ? make("p", { className: "promised-note" }, row.note) : null,
      ),
      row.may ? made : null,
    );
  }

  #kept(row) {
    const when = dayAndTime(localOf(row.ended_at), this.clock.now());
    return make(
      "li",
      {},
      make("div", {}, make("p", { className: "promised-about" }, [when, row.agent].filter(Boolean).join(" · ")), row.note ? make("p", { className: "promised-note" }, row.note) : null),
    );
  }

  async #made(row) {
    this.busy = true;
    this.#draw();
    const { status, body } = await post(`${data.urls.callbacks}/${row.id}`, { do: "done" });
    this.busy = false;
    await this.refresh();
    this.#draw();
    const words = { 200: "callbacks.did.done", 401: "save.login", 404: "callbacks.gone", 409: body?.by ? "callbacks.gone_by" : "callbacks.gone" };
    const who = status === 200 ? row.name || row.number : (body?.by ?? "");
    toast(say(words[status] ?? "callbacks.failed", { who }), status === 200 ? "good" : "bad");
    this.changed();
  }
}

function whose({ mine, agent, group }) {
  return mine ? say("callbacks.mine") : agent || group || say("callbacks.anyone");
}
