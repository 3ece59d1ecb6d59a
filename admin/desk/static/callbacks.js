/* The desk's room of callbacks: what is mine to call back, by when; one click calls.
 *
 * Owns: the list, the badge, news and the words when something falls due. Must not: know the socket, or dial by itself.
 */

import { dayAndTime, daysBetween, isElsewhere, localOf, shifted } from "./account-time.js";
import { grouped, safeColor } from "./look.js";
import { copyOf, data, make, part, say, toast } from "./page.js";
import { get, post } from "./web.js";

const TOGETHER_MS = 300; // news that come together are read together, and not by all desks at the same moment
const TICK_MS = 20000;
const HOUR_MS = 3600 * 1000;
const GROUPS = ["late", "today", "later"];

export class Callbacks {
  name = "callbacks";

  /** `actions`: dial(number, call center), openCall(call id). `clock`: the server's. `listeners` are told when the list
   *  was read after news: () => void. */
  constructor(rooms, clock, actions) {
    this.rooms = rooms;
    this.clock = clock;
    this.actions = actions;
    this.element = document.querySelector('[data-room="callbacks"]');
    this.part = (name) => part(this.element, name);
    this.listeners = new Set();
    this.rows = [];
    this.done = [];
    this.total = 0;
    this.called = new Set(); // called from here and neither made nor put off yet
    this.state = "reading";
    this.asked = 0;
    this.busy = new Set();
    this.soon = 0;
    this.part("again").onclick = () => this.#read();
    this.part("zone").textContent = say("callback.zone", { zone: data.accountTimezone });
    this.part("zone").hidden = !isElsewhere(Date.now());
    this.dialog = document.getElementById("put-off");
    setInterval(() => this.#tick(), TICK_MS);
  }

  // ---------------------------------------------------------------- the room
  show() {
    this.#draw();
    this.#read();
  }

  hide() {}

  /** After a welcome nobody knows what was missed. */
  refresh() {
    return this.#read();
  }

  hear(about) {
    if (about.what === "due") this.#tell(about.callback);
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#readNews(), TOGETHER_MS * (1 + Math.random()));
  }

  async #readNews() {
    await this.#read();
    for (const listener of this.listeners) listener();
  }

  async #tell(id) {
    const { status, body } = await get(`${data.urls.callbacks}/${id}`);
    if (status !== 200) return;
    toast(say("callbacks.fell_due", { who: who(body.callback) }), "bad");
  }

  async #read() {
    const mine = (this.asked += 1);
    const { status, body } = await get(data.urls.callbacks);
    if (mine !== this.asked) return;
    this.state = status === 200 ? "read" : this.rows.length > 0 ? "old" : "failed";
    if (status === 200) {
      this.rows = body.callbacks;
      this.done = body.done;
      this.total = body.total;
      const ids = new Set(this.rows.map(({ id }) => id));
      for (const id of this.called) if (!ids.has(id)) this.called.delete(id);
    }
    this.#draw();
  }

  /** Something may have fallen due by itself. */
  #tick() {
    const groups = JSON.stringify(this.rows.map((row) => this.#groupOf(row)));
    if (groups !== this.groups) this.#draw();
  }

  // ---------------------------------------------------------------- drawing
  #groupOf({ due_at: at, local }) {
    const now = this.clock.now();
    if (at <= now) return "late";
    return daysBetween(localOf(now), local) <= 0 ? "today" : "later";
  }

  #draw() {
    this.groups = JSON.stringify(this.rows.map((row) => this.#groupOf(row)));
    const due = this.rows.filter((row) => this.#groupOf(row) === "late").length;
    this.rooms.badge(this.name, due, say("callbacks.due", { count: due }));
    if (!this.rooms.isShown(this.name)) return;
    this.element.setAttribute("aria-busy", String(this.state === "reading"));
    this.part("reading").hidden = this.state !== "reading";
    this.part("failed").hidden = this.state !== "failed" && this.state !== "old";
    this.part("empty").hidden = this.state !== "read" || this.rows.length > 0;
    this.part("more").hidden = this.total <= this.rows.length;
    this.part("more").textContent = say("callbacks.more", { count: this.total - this.rows.length });
    const focused = this.#focused();
    for (const group of GROUPS) this.#drawGroup(group, this.rows.filter((row) => this.#groupOf(row) === group));
    this.#drawGroup("done", this.done);
    this.#focusAgain(focused);
  }

  #drawGroup(group, rows) {
    const section = this.part(`group-${group}`);
    section.hidden = rows.length === 0;
    part(section, "count").textContent = String(rows.length);
    part(section, "list").replaceChildren(...rows.map((row) => this.#row(row, group)));
  }

  #row(row, group) {
    const element = copyOf("callback-template");
    const at = (name) => part(element, name);
    element.dataset.id = String(row.id);
    element.dataset.group = group;
    element.style.setProperty("--center", safeColor(row.call_center?.color));
    at("who").textContent = who(row);
    at("company").textContent = row.company;
    at("number").textContent = row.name ? grouped(row.number) : "";
    at("center").textContent = row.call_center?.name ?? "—";
    at("when").textContent = dayAndTime(group === "done" ? localOf(row.ended_at) : row.local, this.clock.now());
    at("when").dateTime = new Date(row.due_at).toISOString();
    at("late").hidden = group !== "late";
    at("whose").textContent = row.mine ? "" : row.group || say("callbacks.anyone");
    at("note").textContent = row.note;
    at("by").textContent = row.by ? say("callbacks.by", { who: row.by }) : "";
    const called = this.called.has(row.id) && group !== "done";
    at("called").hidden = !called;
    const busy = this.busy.has(row.id);
    const offered = { call: group !== "done" && data.mayDial, made: group !== "done", later: group !== "done", undo: group === "done" };
    for (const [name, isOffered] of Object.entries(offered)) {
      at(name).hidden = !isOffered;
      at(name).disabled = busy;
      at(name).setAttribute("aria-label", say(`callbacks.${name}_of`, { who: who(row) }));
    }
    at("call").classList.toggle("answer", !called);
    at("call").classList.toggle("quiet", called);
    at("made").classList.toggle("solid", called);
    at("open").hidden = row.call_id === null;
    at("open").onclick = () => this.actions.openCall(row.call_id);
    at("call").onclick = () => this.#call(row);
    at("made").onclick = () => this.#do(row, { do: "done" });
    at("undo").onclick = () => this.#do(row, { do: "undo" });
    at("later").onclick = () => this.#putOff(row);
    return element;
  }

  #focused() {
    const button = document.activeElement?.closest?.("[data-id] [data-part]");
    return button && this.element.contains(button) ? [button.closest("[data-id]").dataset.id, button.dataset.part] : null;
  }

  /** The list is drawn anew: whoever was on a button stays at its row, or at the room. */
  #focusAgain(focused) {
    if (focused === null || this.element.contains(document.activeElement)) return;
    const row = this.element.querySelector(`[data-id="${focused[0]}"]`);
    const button = row && (part(row, focused[1]).hidden ? row.querySelector("button:not([hidden])") : part(row, focused[1]));
    (button ?? this.element).focus({ preventScroll: true });
  }

  // ---------------------------------------------------------------- what the agent does
  /** Who calls has it; then the agent's own phone rings first. */
  async #call(row) {
    if (!(await this.#do(row, { do: "call" }))) return;
    this.called.add(row.id);
    this.#draw();
    this.actions.dial(row.number, row.call_center?.id ?? null);
  }

  async #do(row, content) {
    if (this.busy.has(row.id)) return false;
    const focused = this.#focused(); // a button that waits can't hold it
    this.busy.add(row.id);
    this.#draw();
    const { status, body } = await post(`${data.urls.callbacks}/${row.id}`, content);
    this.busy.delete(row.id);
    if (status === 200) {
      if (content.do !== "call") this.called.delete(row.id);
      await this.#read();
      this.#focusAgain(focused);
      if (content.do !== "call") toast(say(`callbacks.did.${content.do}`, { who: who(row) }), "good");
      return true;
    }
    if (status === 422) return body.errors.at;
    const words = { 401: "save.login", 404: "callbacks.gone", 409: body.by ? "callbacks.gone_by" : "callbacks.gone" };
    toast(say(words[status] ?? "callbacks.failed", { who: body.by ?? "" }), "bad");
    await this.#read();
    return false;
  }

  #putOff(row) {
    const { dialog } = this;
    const form = part(dialog, "form");
    const error = part(dialog, "error");
    const now = this.clock.now();
    const { at } = form.elements;
    part(dialog, "who").textContent = `${who(row)} · ${dayAndTime(row.local, now)}`;
    at.min = localOf(now);
    at.max = shifted(localOf(now), 366);
    at.value = localOf(now + HOUR_MS);
    const show = (text) => {
      error.textContent = text ?? "";
      error.hidden = !text;
      if (text) at.setAttribute("aria-invalid", "true");
      else at.removeAttribute("aria-invalid");
    };
    show(null);
    const send = async (local) => {
      const outcome = await this.#do(row, { do: "later", at: local });
      if (typeof outcome === "string") {
        show(outcome);
        at.focus();
      } else dialog.close();
    };
    const choices = { hour: localOf(now + HOUR_MS), tomorrow: shifted(localOf(now), 1, row.local.slice(11)), week: shifted(localOf(now), 7, row.local.slice(11)) };
    for (const button of dialog.querySelectorAll("[data-when]")) {
      part(button, "time").textContent = dayAndTime(choices[button.dataset.when], now);
      button.onclick = () => send(choices[button.dataset.when]);
    }
    form.onsubmit = (event) => {
      event.preventDefault();
      send(at.value);
    };
    dialog.showModal();
  }
}

function who(row) {
  return row.name || grouped(row.number);
}
