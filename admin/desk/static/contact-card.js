/* The card's additional fields, and whom the call is with when the number does not say it.
 *
 * Owns: those elements of one pop. Must not: keep or save what is typed (`notes.js`).
 */

import { moment } from "./clock.js";
import { ControlField } from "./fields.js";
import { data, make, say, toast } from "./page.js";
import { NOT_YET_WAITS_MS, callUrl, pause, post } from "./web.js";

const LONGEST = 1000;

export class ContactCard {
  /** `onChosen(work)`: the call is with another contact now, and this is all there is to fill in of it. */
  constructor(part, callId, prefix, notes, { onChosen, onGone }) {
    this.part = part;
    this.callId = callId;
    this.prefix = prefix;
    this.notes = notes;
    this.onChosen = onChosen;
    this.onGone = onGone;
    this.contactId = null;
    this.isHere = false;
    this.busy = false;
    part("sharing-title").id = `${prefix}-sharing`;
    part("sharing-list").setAttribute("aria-labelledby", `${prefix}-sharing`);
    part("another").onclick = () => this.#choose(null);
  }

  /** All there is to fill in, with what is saved: a taker of `Work`. */
  take(work, values) {
    this.contactId = work.contact_id;
    for (const field of work.fields) {
      if (!this.notes.fields.has(`field.${field.id}`)) this.#draw(field, values[`field.${field.id}`]);
    }
    this.isHere = true;
    this.#drawSharing(work);
  }

  // ---------------------------------------------------------------- additional fields
  #draw(field, saved) {
    const key = `field.${field.id}`;
    const control = this.#control(field, key);
    const error = make("p", { className: "error", "data-error": key, id: `${this.prefix}-${field.id}-error`, hidden: true });
    const mark = field.required ? make("span", { className: "filled-form__required", "aria-hidden": "true" }, " *") : null;
    const label = make("label", { "data-kind": field.kind }, make("span", {}, field.name, mark), control);
    this.part("additional").append(label, error);
    this.notes.add(isList(field) ? new ListField(key, control, error) : new ControlField(key, control, error), saved);
  }

  #control(field, key) {
    const common = { name: key, "aria-required": field.required ? "true" : null };
    if (isList(field)) {
      const offered = field.kind === "list" ? field.options.map((text) => [text, text]) : [["sí", say("yes")], ["no", say("no")]];
      const options = [["", "—"], ...offered].map(([value, text]) => make("option", { value }, text));
      return make("select", common, ...options);
    }
    const type = field.kind === "date" ? "date" : "text";
    const extra = field.kind === "date" ? {} : { placeholder: say("card.add"), maxLength: LONGEST, autocomplete: "off" };
    return make("input", { ...common, ...extra, type, inputmode: field.kind === "number" ? "decimal" : null });
  }

  // ---------------------------------------------------------------- whom the call is with
  #drawSharing({ sharing, may_be_another: mayBeAnother, sheet_url: sheetUrl }) {
    const several = sharing.length > 1;
    this.part("sharing").hidden = !several;
    this.part("another").hidden = !mayBeAnother;
    this.part("sharing-title").textContent = say("sharing.title", { count: sharing.length });
    const focused = this.part("sharing-list").contains(document.activeElement);
    this.part("sharing-list").replaceChildren(...sharing.map((one) => this.#choice(one)));
    if (focused) this.part("sharing-list").querySelector('[aria-pressed="true"]')?.focus();
    const link = this.part("sheet-link");
    link.hidden = sheetUrl === null;
    if (sheetUrl === null) link.removeAttribute("href");
    else link.href = sheetUrl;
    this.#refresh();
  }

  #choice({ id, name, company, last_activity_at: at }) {
    const about = [company, at === null ? "" : say("sharing.last", { when: moment(at, data.language) })].filter(Boolean).join(" · ");
    const button = make(
      "button",
      { type: "button", className: "sharing-one", "data-contact": String(id), "aria-pressed": String(id === this.contactId) },
      make("span", { className: "sharing-mark", "aria-hidden": "true" }),
      make("span", {}, make("b", {}, name || say("sharing.no_name")), about ? make("span", { className: "sharing-about" }, about) : null),
    );
    button.onclick = () => id !== this.contactId && this.#choose(id);
    return make("li", {}, button);
  }

  #refresh() {
    for (const button of [this.part("another"), ...this.part("sharing-list").querySelectorAll("button")]) {
      button.disabled = this.busy;
    }
  }

  /** `contact` null: a new one with the call's number. */
  async #choose(contact) {
    if (this.busy) return;
    this.busy = true;
    this.#refresh();
    let answer;
    for (const wait of [...NOT_YET_WAITS_MS, null]) {
      answer = await post(callUrl(this.callId, "contact"), { contact, seen: this.contactId });
      if (answer.status !== 409 || answer.body.error !== "not_yet" || wait === null) break;
      await pause(wait);
    }
    this.busy = false;
    const { status, body } = answer;
    if (status === 200) {
      this.onChosen(body);
      toast(contact === null ? say("sharing.made") : say("sharing.chosen", { who: body.notes.name || say("sharing.no_name") }), "good");
      if (contact === null) this.notes.fields.get("name").focus();
    } else if (status === 409 && body.error === "chosen") {
      toast(say("sharing.changed"));
      this.onGone();
    } else {
      toast(say(WORDS[status] ?? "sharing.failed"), "bad");
    }
    this.#refresh();
  }
}

const WORDS = { 401: "save.login", 403: "save.forbidden", 409: "save.not_yet" };

function isList({ kind }) {
  return kind === "list" || kind === "yes_no";
}

/** A list shows what is saved even when it is not offered any more. */
class ListField extends ControlField {
  write(value) {
    if (value !== "" && ![...this.node.options].some((option) => option.value === value)) {
      this.node.append(make("option", { value }, value));
    }
    super.write(value);
  }
}
