/* One call on the screen: band, caller, card, notes.
 *
 * Owns: the elements of one pop. Must not: talk to the engine or decide which pop is in front (`stage.js`).
 */

import { CallerCallbacks } from "./caller-callbacks.js";
import { CallerTickets } from "./caller-tickets.js";
import { CallbackFields } from "./callback-fields.js";
import { duration, moment } from "./clock.js";
import { ContactCard } from "./contact-card.js";
import { grouped, initials, ownPicture, readableInk, safeColor } from "./look.js";
import { Elsewhere } from "./elsewhere.js";
import { Notes } from "./notes.js";
import { copyOf, data, make, part, say } from "./page.js";
import { PopUp } from "./pop-up.js";
import { TalkBar } from "./talk-bar.js";
import { isAlerting } from "./truth.js";
import { Work } from "./work.js";

let counter = 0;

export class PopView {
  /**
   * `actions`: answer, hangup, save, close, print, pass, newTicket, write, each called with this view;
   * dial(number, call center); talk(view, wish); promisesChanged(). `isPast`: opened from the list of calls.
   */
  constructor(pop, { drafts, clock, actions, isPast = false }) {
    this.pop = pop;
    this.clock = clock;
    this.isPast = isPast;
    this.lineOpen = true;
    this.waiting = null; // the request ("answer", "hangup") whose effect is awaited
    this.root = copyOf("pop-template");
    this.root.dataset.callId = pop.call_id;
    this.root.id = `pop-${(counter += 1)}`;
    this.part = (name) => part(this.root, name);
    const companies = this.part("companies");
    companies.id = `${this.root.id}-companies`;
    this.form = this.part("form");
    this.form.elements.company.setAttribute("list", companies.id);
    this.part("center-name").id = `${this.root.id}-title`;
    this.root.setAttribute("aria-labelledby", `${this.root.id}-title ${this.root.id}-caller`);
    this.part("title").id = `${this.root.id}-caller`;
    this.elsewhere = new Elsewhere(this.part("elsewhere"), (field, value) => this.#takeBack(field, value));
    this.notes = new Notes(this.form, pop.call_id, drafts, {
      onChange: () => this.#changed(),
      onSaved: (work) => this.#showSaved(work),
      onSavedElsewhere: () => this.work.again(),
      onGaveWay: (field, value, why) => this.elsewhere.add(field, value, why),
    });
    this.contact = new ContactCard(this.part, pop.call_id, this.root.id, this.notes, {
      onChosen: (work) => this.work.take(work),
      onGone: () => this.work.again(),
    });
    this.callback = new CallbackFields(this.part, this.form, this.notes, clock);
    this.popUp = new PopUp(this.part);
    this.card = null; // of the contact that the call has now; the engine knows the one of the call's beginning
    this.work = new Work(this.part, pop.call_id, this.root.id, this.notes, [
      (work, values) => this.contact.take(work, values),
      (work) => this.#takeCard(work.card),
      (work) => this.popUp.prefer(work.pop_up_in),
    ], () => this.pop.card && columnsOf(this.pop.card));
    this.part("answer").onclick = () => actions.answer(this);
    this.part("hangup").onclick = () => actions.hangup(this);
    this.part("redial").onclick = () => actions.dial(this.dialled, this.pop.call_center?.id ?? null);
    this.part("write").onclick = () => actions.write(this);
    this.talkBar = new TalkBar(this.part, { send: (wish) => actions.talk(this, wish), pass: () => actions.pass(this) });
    this.part("close").onclick = () => actions.close(this);
    this.part("print").onclick = () => actions.print(this);
    this.promised = new CallerCallbacks(this.part, pop.call_id, clock, actions.promisesChanged);
    this.tickets = new CallerTickets(this.part("tickets"), () => actions.newTicket(this));
    this.form.onsubmit = (event) => {
      event.preventDefault();
      actions.save(this);
    };
    this.update(pop);
  }

  /** Off the screen: what was typed in the last second still goes to the server. */
  end() {
    this.notes.sync.end();
  }

  #changed() {
    this.callback?.refresh();
    for (const sheet of this.notes.sheets.values()) sheet.refresh();
    this.refreshActions();
  }

  #takeBack(field, value) {
    field.reveal?.();
    field.write(value);
    this.notes.typed(field.key);
    field.focus();
  }

  get callId() {
    return this.pop.call_id;
  }

  get title() {
    return this.pop.card?.name || (this.pop.made ? "" : this.pop.caller_name) || this.number;
  }

  /** Of whom the agent talks to. */
  get number() {
    return grouped(this.dialled) || say("hidden_number");
  }

  /** What to dial to call them (again). */
  get dialled() {
    return this.pop.made ? this.pop.called_number : this.pop.calling_number;
  }

  get color() {
    return safeColor(this.pop.call_center?.color);
  }

  get centerName() {
    return this.pop.call_center?.name || say("no_call_center");
  }

  /** The contact's data, as the history has them. */
  #takeCard(card) {
    if (card === null) return;
    this.card = card;
    this.update(this.pop, { card });
  }

  update(pop, changes = pop) {
    this.pop = pop;
    if (this.card !== null) pop.card = this.card;
    if ("phase" in changes) this.waiting = null;
    if ("call_center" in changes) this.#band();
    if ("call_center" in changes) this.callback.know(pop.call_center);
    if ("card" in changes) this.#card();
    this.part("called-word").textContent = say(pop.made ? "you_call" : "they_called");
    this.part("called").textContent = grouped(pop.called_number);
    const named = this.title !== this.number;
    this.part("title").textContent = this.title;
    this.part("title").classList.toggle("digits", !named);
    this.part("number").textContent = named ? this.number : "";
    this.part("number").hidden = !named;
    this.part("unknown").hidden = named;
    this.popUp.know(pop.pop_up_url, !isAlerting(pop));
    this.#phase();
    this.tick();
    this.refreshActions();
    // While it rings at many desks nobody fills anything in.
    if (!isAlerting(pop)) this.work.want();
  }

  /** The agent's own changes, now that they are the contact's. */
  #showSaved(work) {
    this.work.take(work);
    this.elsewhere.clear();
  }

  /** Once a second. */
  tick() {
    this.part("timer").textContent = this.elapsed();
    this.promised.tick();
  }

  elapsed() {
    const { phase, offered_at: offered, answered_at: answered, ended_at: ended } = this.pop;
    if (phase === "ended") return answered === null ? "" : duration((ended ?? answered) - answered);
    return duration(this.clock.now() - (phase === "talking" ? (answered ?? offered) : offered));
  }

  setLine(open) {
    this.lineOpen = open;
    this.refreshActions();
  }

  /** The request that was waited for will have no effect: its button works again. */
  settle() {
    this.waiting = null;
    this.refreshActions();
  }

  refreshActions() {
    const { phase, can_answer: canAnswer } = this.pop;
    const alerting = isAlerting(this.pop);
    const answer = this.part("answer");
    const hangup = this.part("hangup");
    answer.hidden = !(alerting && canAnswer);
    answer.disabled = !this.lineOpen || this.waiting !== null;
    hangup.hidden = phase === "ended";
    hangup.disabled = !this.lineOpen || this.waiting !== null;
    this.part("hangup-word").textContent = say(alerting ? "decline" : "hang_up");
    const ownRings = this.pop.made && (phase === "offered" || phase === "ringing");
    this.part("on-phone").hidden = !((alerting || ownRings) && !canAnswer);
    this.part("redial").hidden = phase !== "ended" || !this.dialled;
    this.part("redial").disabled = !this.lineOpen;
    this.part("write").hidden = !this.dialled;
    this.talkBar.draw(this.isPast ? { phase: "ended" } : this.pop, this.lineOpen);
    const saved = this.notes.wasSaved && !this.notes.isChanged;
    const save = this.part("save");
    save.disabled = this.notes.busy || alerting || (saved && phase === "ended" && !this.isPast);
    this.part("save-word").textContent = say(this.notes.busy ? "saving" : "save");
    this.part("close").hidden = phase !== "ended";
    this.part("close").disabled = this.notes.busy;
    this.part("print").hidden = phase !== "ended" || !(this.isPast || this.notes.wasSaved) || this.notes.isChanged;
    this.part("draft").textContent = this.#draftWords(alerting, saved);
  }

  #draftWords(alerting, saved) {
    if (this.notes.busy) return "";
    if (this.notes.isChanged) return say(alerting ? "draft.kept_alerting" : "draft.kept");
    return saved ? say("draft.saved") : "";
  }

  #phase() {
    const { phase } = this.pop;
    // The page that had the phone was left: it is joined again by itself.
    const returning = !this.isPast && phase === "talking" && this.pop.returning === true;
    this.root.dataset.phase = this.isPast ? "past" : phase;
    this.root.toggleAttribute("data-returning", returning);
    const missed = phase === "ended" && this.pop.answered_at === null;
    const made = missed ? "made.missed" : `made.${phase}`;
    this.part("phase").textContent = say(
      this.isPast ? "phase.past" : returning ? "phase.returning" : this.pop.made ? made : missed ? "phase.missed" : `phase.${phase}`,
    );
    this.part("phase-note").textContent = this.isPast
      ? moment(this.pop.offered_at, data.language)
      : returning
        ? say("phase.returning.note")
        : "";
  }

  #band() {
    const center = this.pop.call_center;
    this.root.style.setProperty("--center", this.color);
    this.root.style.setProperty("--center-ink", readableInk(this.color));
    this.part("center-name").textContent = this.centerName;
    const picture = ownPicture(center?.logo_url);
    const logo = this.part("logo");
    const letters = this.part("initials");
    letters.textContent = initials(center?.name);
    letters.hidden = picture !== null;
    logo.hidden = picture === null;
    if (picture === null) return;
    logo.onerror = () => {
      logo.hidden = true;
      letters.hidden = false;
    };
    logo.src = picture;
  }

  #card() {
    const { card } = this.pop;
    this.part("card-waiting").hidden = card !== null;
    this.part("history").hidden = card === null;
    if (card === null) return;
    this.tickets.know(card.contact_id);
    this.promised.know(card.contact_id);
    this.notes.know(columnsOf(card));
    const facts = [
      [say("card.disposition"), card.disposition || "—"],
      [say("card.in_charge"), card.agent_in_charge || say("card.nobody")],
      // Until they can be edited.
      ...(this.contact.isHere ? [] : card.fields.map(({ name, value }) => [name, value])),
    ];
    this.part("facts").replaceChildren(
      ...facts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
    );
    const calls = card.calls.slice(0, 5);
    this.part("no-calls").hidden = calls.length > 0;
    this.part("calls").replaceChildren(...calls.map(earlierCall));
  }
}

function columnsOf({ name, phone, email, company }) {
  return { name, phone, email, company };
}

function earlierCall(call) {
  const about = [call.call_center, call.agent].filter(Boolean).join(" · ");
  return make(
    "li",
    { "data-outcome": call.outcome },
    make("span", { className: "mark", "aria-hidden": "true" }),
    make(
      "div",
      {},
      make(
        "p",
        { className: "earlier-head" },
        make("time", {}, moment(call.at, data.language)),
        make("span", { className: "outcome" }, say(`outcome.${call.outcome}`)),
        call.disposition ? make("span", { className: "tag" }, call.disposition) : null,
      ),
      make("p", { className: "earlier-about" }, about),
      call.comment ? make("p", { className: "earlier-comment" }, call.comment) : null,
    ),
  );
}
