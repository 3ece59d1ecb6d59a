/* "Volver a llamar", in a call: by when, whose it is, a note. Saved with the rest by *Salvar*.
 *
 * Owns: that part of a pop beside its fields: what its head says, the quick choices. Must not: keep or save (`notes.js`).
 */

import { dayAndTime, isElsewhere, localOf, shifted } from "./account-time.js";
import { data, say } from "./page.js";

const HOUR_MS = 3600 * 1000;
const MORNING = "08:00";

export class CallbackFields {
  constructor(part, form, notes, clock) {
    this.part = part;
    this.notes = notes;
    this.clock = clock;
    this.at = form.elements.callback_at;
    this.element = part("callback");
    for (const name of ["callback_at", "callback_for", "callback_note"]) {
      notes.fields.get(name).reveal = () => (this.element.open = true);
    }
    for (const button of this.element.querySelectorAll("[data-when]")) button.onclick = () => this.#choose(button.dataset.when);
    form.elements.disposition.addEventListener("change", () => this.#follow(form.elements.disposition.value));
    this.element.addEventListener("toggle", () => this.#bound());
    part("callback-zone").textContent = say("callback.zone", { zone: data.accountTimezone });
    part("callback-zone").hidden = !isElsewhere(Date.now());
  }

  /** A call without a call center is nobody else's to call back. */
  know(center) {
    for (const option of this.part("callback-for").options) option.disabled = option.value === "anyone" && !center?.id;
  }

  /** What the head says, whenever something changed. */
  refresh() {
    const local = this.at.value;
    this.part("callback-when").textContent = local === "" ? "" : dayAndTime(local, this.clock.now());
    const later = this.notes.fields.get("callback_note").read() !== "" || this.notes.fields.get("callback_for").read() !== "";
    if (!this.element.open && later && local === "") this.element.open = true;
    this.part("callback-clear").hidden = local === "";
  }

  #bound() {
    const now = localOf(this.clock.now());
    this.at.min = now;
    this.at.max = shifted(now, 366);
  }

  #choose(when) {
    const now = this.clock.now();
    const tomorrow = shifted(localOf(now), 1, MORNING);
    const local = { hour: localOf(now + HOUR_MS), tomorrow, week: shifted(localOf(now), 7, MORNING), none: "" }[when];
    this.at.value = local;
    if (when === "none") {
      this.notes.fields.get("callback_note").write("");
      this.notes.fields.get("callback_for").write("");
      this.notes.typed("callback_note");
      this.notes.typed("callback_for");
    }
    this.notes.typed("callback_at");
    this.at.focus();
  }

  /** A disposition that means "call back" asks by when. */
  #follow(id) {
    const chosen = data.dispositions.find((one) => String(one.id) === id);
    if (chosen?.calls_back) this.element.open = true;
  }
}
