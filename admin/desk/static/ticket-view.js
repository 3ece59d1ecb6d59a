/* One ticket, or a new one: its fields, with what somebody else changes meanwhile; thread and papers beside them.
 *
 * Owns: the ticket's form, reading and saving it. Must not: know the list.
 */

import { moment } from "./clock.js";
import { DraftForm } from "./draft-form.js";
import { copyOf, data, make, part, say, toast } from "./page.js";
import { TicketContact } from "./ticket-contact.js";
import { TicketPapers } from "./ticket-papers.js";
import { TicketThread } from "./ticket-thread.js";
import { NOT_YET_WAITS_MS, get, newKey, pause, post, ticketUrl } from "./web.js";

const FIELDS = ["subject", "text", "state", "priority", "agent", "group", "due_at", "contact"];

export class TicketView {
  /** `what`: `{id}`, or `{call}` of a new one ("" without a call). `actions`: drafts, dial, openCall, created, count. */
  constructor(rest, { id = null, call = "" }, actions) {
    this.rest = rest;
    this.id = id;
    this.callId = call;
    this.actions = actions;
    this.ticket = null;
    this.seen = null;
    this.asked = 0;
    this.all = false;
    this.closed = false;
    this.inSight = true; // its room is on the screen
    this.root = copyOf("ticket-template");
    this.part = (name) => part(this.root, name);
    this.form = this.part("form");
    const draft = id === null ? `ticket.new${call === "" ? "" : `.${call}`}` : `ticket.${id}`;
    this.fields = new DraftForm(this.form, FIELDS, draft, actions.drafts, () => this.#drawFoot());
    this.contact = new TicketContact(this.form, { ...actions, changed: (contact) => this.#changedContact(contact) });
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.#save();
    };
    this.part("discard").onclick = () => this.#discard();
    this.part("again").onclick = () => this.open();
    this.part("take").onclick = () => this.#take();
    for (const name of ["papers", "talk"]) this.part(name).hidden = id === null;
    if (id === null) return;
    this.papers = new TicketPapers(this.part("papers"), id, (body) => this.#answered(body));
    this.thread = new TicketThread(this.part("talk"), id, actions.drafts, {
      changed: (body) => this.#answered(body),
      all: () => {
        this.all = true;
        this.refresh();
      },
    });
  }

  close() {
    this.closed = true;
  }

  setInSight(inSight) {
    this.inSight = inSight;
    if (inSight) this.refresh();
  }

  follow(draft) {
    for (const form of [this.fields, this.thread?.draft]) if (form?.draftId === draft) form.follow();
    this.contact.draw();
  }

  // ---------------------------------------------------------------- reading
  async open() {
    this.#turn("reading");
    const { status, body } = await get(ticketUrl("choices"));
    if (this.closed) return;
    if (status !== 200) return this.#turn("failed");
    this.#offer(body);
    this.papers?.offer(body.documents);
    if (this.id === null) this.#begin();
    else await this.refresh();
  }

  /** What is stored now; what the agent changed stays. */
  async refresh() {
    if (this.id === null) return;
    const mine = (this.asked += 1);
    const { status, body } = await get(ticketUrl(this.id, this.all ? "?thread=all" : ""));
    if (mine !== this.asked || this.closed) return;
    if (status === 200) this.#answered(body);
    else if (status === 404) this.#turn("gone");
    else if (this.ticket === null) this.#turn("failed"); // a ticket that is on the screen stays there
  }

  #begin() {
    this.part("number").textContent = say("tickets.new");
    Object.assign(this.fields.saved, { state: "open", priority: "normal", agent: String(data.agent.id) });
    this.#offerOne("agent", data.agent);
    this.form.elements.agent.value = this.fields.saved.agent; // until they give it to somebody else
    this.fields.restore();
    const { contact, contact_name: name = "", key = newKey() } = this.actions.drafts.of(this.fields.draftId);
    this.fields.extra = { key };
    if (contact) this.#knowContact({ id: contact, name, phone: "" });
    this.form.elements.call.value = this.callId;
    this.contact.draw(this.callId === "" ? null : { at: null, mine: true, call_id: this.callId });
    this.#turn("body");
    this.#drawFoot();
    this.form.elements.subject.focus();
  }

  #knowContact(contact) {
    this.contact.know(contact);
    this.fields.extra = { ...this.fields.extra, contact_name: contact.name || contact.phone };
  }

  #changedContact(contact) {
    if (contact !== null) this.#knowContact(contact);
    this.fields.keep();
  }

  #answered({ ticket, waiting }) {
    this.actions.count(waiting);
    if (this.closed) return;
    if (ticket === null) {
      this.ticket = null;
      return this.#turn("gone");
    }
    const first = this.ticket === null;
    this.ticket = ticket;
    this.seen = ticket.seen;
    const values = asFields(ticket);
    this.#offerOne("agent", ticket.agent);
    this.#offerOne("group", ticket.group);
    if (first) {
      this.fields.saved = values;
      for (const [name, value] of Object.entries(values)) this.form.elements[name].value = value;
      this.fields.restore();
    } else {
      this.#tellOfOthers(values);
      this.fields.know(values);
    }
    this.part("number").textContent = say("tickets.number", { number: ticket.id, author: ticket.author?.name ?? say("tickets.somebody"), when: moment(ticket.created_at, data.language) });
    this.part("take").hidden = ticket.agent !== null;
    this.part("overdue").hidden = !ticket.overdue;
    this.contact.know(ticket.contact);
    this.contact.draw(ticket.call);
    this.thread.draw(ticket);
    this.papers.draw(ticket);
    this.#turn("body");
    this.#drawFoot();
    if (this.inSight && !document.hidden) this.#read(ticket);
  }

  /** The badge knows that this was seen. */
  async #read(ticket) {
    if (this.readAt === ticket.updated_at) return;
    this.readAt = ticket.updated_at;
    const { status, body } = await post(ticketUrl(ticket.id, "/read"), { at: ticket.updated_at });
    if (status === 200) this.actions.count(body.waiting);
  }

  /** Beside each field that the agent changed: what somebody else put there meanwhile. */
  #tellOfOthers(values) {
    const changed = this.fields.changes();
    for (const name of FIELDS) {
      const line = this.root.querySelector(`[data-now="${name}"]`);
      if (line === null) continue;
      const isOthers = name in changed && values[name] !== this.fields.saved[name] && values[name] !== changed[name];
      if (isOthers) {
        line.textContent = say("tickets.now", { value: this.#words(name, values[name]) || "—" });
        line.hidden = false;
      } else if (!(name in changed)) line.hidden = true;
    }
  }

  #words(name, value) {
    const input = this.form.elements[name];
    if (input.tagName === "SELECT") return [...input.options].find((option) => option.value === value)?.text ?? value;
    return name === "due_at" && value !== "" ? moment(new Date(value).getTime(), data.language) : value;
  }

  // ---------------------------------------------------------------- saving
  async #save() {
    if (this.fields.busy) return;
    const sent = this.fields.changes();
    this.fields.busy = true;
    this.#drawFoot();
    const { status, body } = this.id === null ? await this.#create() : await this.#change(sent);
    this.fields.busy = false;
    this.fields.showErrors(status === 422 ? body.errors : {});
    if (body.again) this.#carryOver(body.ticket);
    if (status === 201 || body.again) {
      this.fields.forget();
      toast(say("tickets.created"), "good");
      return this.actions.created(body.ticket.id);
    }
    if (status === 200) {
      if (body.ticket !== null) this.fields.settle(sent, asFields(body.ticket));
      else this.fields.forget();
      for (const line of this.root.querySelectorAll("[data-now]")) line.hidden = true;
      toast(say(body.ticket === null ? "tickets.given_away" : "save.saved"), "good");
      this.#answered(body);
    } else {
      if (body.error === "changed") this.#answered(body);
      toast(say(outcome(status, body)), "bad");
    }
    this.#drawFoot();
  }

  async #create() {
    const values = Object.fromEntries(FIELDS.map((name) => [name, this.form.elements[name].value]));
    const content = { ...asSent(values), call: this.form.elements.call.value, key: this.fields.extra.key };
    for (const wait of [...NOT_YET_WAITS_MS, null]) {
      const answer = await post(data.urls.tickets, content);
      // The engine's writer may be a breath behind: the call is not in the history yet.
      if (answer.status !== 409 || wait === null) return answer;
      await pause(wait);
    }
  }

  /** It had been made, only its answer was lost: what was typed since is kept as a change that is not saved yet. */
  #carryOver(ticket) {
    const stored = asFields(ticket);
    const typed = FIELDS.map((name) => [name, this.form.elements[name].value]);
    const changed = typed.filter(([name, value]) => value.trim() !== stored[name]);
    this.actions.drafts.keep(`ticket.${ticket.id}`, Object.fromEntries(changed));
  }

  #change(sent) {
    return post(ticketUrl(this.id), { ...asSent(sent), seen: this.seen });
  }

  #discard() {
    if (this.id === null) {
      this.fields.forget();
      location.hash = "#tickets";
      return;
    }
    this.fields.discard();
    this.fields.showErrors({});
    for (const line of this.root.querySelectorAll("[data-now]")) line.hidden = true;
    this.contact.draw();
  }

  async #take() {
    this.part("take").disabled = true;
    const { status, body } = await post(ticketUrl(this.id, "/take"), {});
    this.part("take").disabled = false;
    if (status === 200) {
      toast(say("tickets.taken"), "good");
      this.#answered(body);
    } else if (status === 409) {
      toast(say("tickets.taken_by", { who: body.by }), "bad");
      await this.refresh();
    } else toast(say(outcome(status, body)), "bad");
  }

  // ---------------------------------------------------------------- drawing
  #offer({ agents, groups }) {
    for (const [name, rows] of [["agent", agents], ["group", groups]]) {
      const select = this.form.elements[name];
      select.replaceChildren(select.options[0], ...rows.map((row) => make("option", { value: String(row.id) }, row.name)));
    }
  }

  /** Somebody who is offered no more (deactivated) still has what they have. */
  #offerOne(name, row) {
    const select = this.form.elements[name];
    if (row === null || [...select.options].some((option) => option.value === String(row.id))) return;
    select.append(make("option", { value: String(row.id) }, row.name));
  }

  #turn(what) {
    for (const name of ["reading", "failed", "gone", "body"]) this.part(name).hidden = name !== what;
    if (what === "gone") this.part("take").hidden = true;
  }

  #drawFoot() {
    const { isChanged, busy } = this.fields;
    this.part("save").textContent = say(busy ? "saving" : this.id === null ? "tickets.create" : "save");
    this.part("save").disabled = busy || (this.id !== null && !isChanged);
    this.part("discard").hidden = !isChanged && this.id !== null;
    this.part("discard").disabled = busy;
    this.part("draft").textContent = busy || !isChanged ? "" : say("draft.kept");
  }
}

function outcome(status, { error }) {
  if (error === "changed") return "tickets.changed";
  if (error === "not_yet") return "save.not_yet";
  if (error === "not_yours") return "save.forbidden";
  if (status === 422) return "save.refused";
  if (status === 401) return "save.login";
  if (status === 404) return "tickets.gone";
  return status === 0 || status >= 500 ? "tickets.offline" : "save.refused_whole";
}

/** Stored values as the fields show them: the due date in the time of the agent's place. */
function asFields({ fields }) {
  return { ...fields, due_at: fields.due_at === "" ? "" : local(Number(fields.due_at)) };
}

function asSent(values) {
  if (!values.due_at) return values;
  return { ...values, due_at: String(new Date(values.due_at).getTime()) };
}

function local(ms) {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
