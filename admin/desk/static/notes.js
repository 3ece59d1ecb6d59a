/* Disposition, comment and the contact's data of one call: edited in place, kept as typed, saved by *Salvar*.
 *
 * Owns: the form's fields, what differs from what is saved, errors beside the fields. Must not: know the socket.
 */

import { make, say } from "./page.js";
import { callUrl, get, post } from "./web.js";
import { data } from "./page.js";

export const FIELDS = ["disposition", "comment", "name", "email", "company"];
const NOT_YET_WAITS_MS = [200, 400, 800, 1500, 3000, 5000];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Notes {
  /** `onChange()` is called whenever the agent typed or the state of saving changed. */
  constructor(form, callId, drafts, onChange) {
    this.form = form;
    this.callId = callId;
    this.drafts = drafts;
    this.onChange = onChange;
    this.saved = Object.fromEntries(FIELDS.map((name) => [name, ""]));
    this.busy = false;
    this.wasSaved = false;
    this.#offerDispositions();
    for (const name of FIELDS) this.#describe(name);
    this.#fill(drafts.of(callId));
    form.addEventListener("input", (event) => this.#typed(event.target.name));
    this.form.elements.company.addEventListener("input", () => this.#suggestCompanies());
  }

  /** What is saved now, as far as it is known; fields the agent has changed keep what was typed. */
  know(values) {
    for (const [name, value] of Object.entries(values)) {
      const input = this.form.elements[name];
      const untouched = input.value === this.saved[name];
      this.saved[name] = value ?? "";
      if (untouched) input.value = this.saved[name];
    }
    this.#keep();
  }

  /** Another tab typed. */
  follow() {
    const values = this.drafts.of(this.callId);
    for (const name of FIELDS) {
      const input = this.form.elements[name];
      if (document.activeElement !== input) input.value = values[name] ?? this.saved[name];
    }
    this.onChange();
  }

  changes() {
    const changed = FIELDS.filter((name) => this.form.elements[name].value !== this.saved[name]);
    return Object.fromEntries(changed.map((name) => [name, this.form.elements[name].value]));
  }

  get isChanged() {
    return Object.keys(this.changes()).length > 0;
  }

  discard() {
    for (const name of FIELDS) this.form.elements[name].value = this.saved[name];
    this.#keep();
  }

  /** "saved", "refused" (errors are shown), "not_yet", "offline", "login", "forbidden". Safe to repeat. */
  async save() {
    if (this.busy) return "busy";
    this.busy = true;
    this.onChange();
    const sent = this.changes();
    let answer;
    try {
      for (const wait of [...NOT_YET_WAITS_MS, null]) {
        answer = await post(callUrl(this.callId), sent);
        // The engine's writer may be a breath behind: the call is not in the history yet.
        if (answer.status !== 409 || wait === null) break;
        await pause(wait);
      }
    } finally {
      this.busy = false;
    }
    const outcome = this.#read(answer, sent);
    this.onChange();
    return outcome;
  }

  #read({ status, body }, sent) {
    this.#showErrors(status === 422 ? body.errors : {});
    switch (status) {
      case 200:
        this.wasSaved = true;
        for (const name of Object.keys(sent)) {
          const input = this.form.elements[name];
          this.saved[name] = body.notes[name];
          // What was typed while the answer was under way stays.
          if (input.value === sent[name]) input.value = this.saved[name];
        }
        this.#keep();
        return "saved";
      case 422:
        return "refused";
      case 409:
        return "not_yet";
      case 401:
        return "login";
      case 403:
        return "forbidden";
      default:
        return status === 0 || status >= 500 ? "offline" : "refused_whole";
    }
  }

  #typed(name) {
    if (!FIELDS.includes(name)) return;
    this.#showError(name, null);
    this.#keep();
  }

  #keep() {
    this.drafts.keep(this.callId, this.changes());
    this.onChange();
  }

  #fill(values) {
    for (const [name, value] of Object.entries(values)) {
      if (FIELDS.includes(name)) this.form.elements[name].value = value;
    }
  }

  #offerDispositions() {
    const select = this.form.elements.disposition;
    for (const { id, name } of data.dispositions) select.append(make("option", { value: String(id) }, name));
  }

  /** One that is not offered any more, but is this call's. */
  addDisposition(id, name) {
    const select = this.form.elements.disposition;
    if (id && ![...select.options].some((option) => option.value === id)) {
      select.append(make("option", { value: id }, name));
    }
  }

  async #suggestCompanies() {
    const input = this.form.elements.company;
    const asked = input.value.trim();
    if (asked.length < 1) return;
    const { status, body } = await get(`${data.urls.companies}?q=${encodeURIComponent(asked)}`);
    if (status !== 200 || input.value.trim() !== asked) return;
    input.list.replaceChildren(...body.companies.map((name) => make("option", { value: name })));
  }

  #describe(name) {
    const error = this.form.querySelector(`[data-error="${name}"]`);
    error.id = `error-${name}-${this.callId}`;
    this.form.elements[name].setAttribute("aria-describedby", error.id);
  }

  #showErrors(errors) {
    for (const name of FIELDS) this.#showError(name, errors?.[name] ?? null);
    const first = FIELDS.find((name) => errors?.[name]);
    if (first) this.form.elements[first].focus();
  }

  #showError(name, text) {
    const error = this.form.querySelector(`[data-error="${name}"]`);
    error.textContent = text ?? "";
    error.hidden = !text;
    this.form.elements[name].toggleAttribute("aria-invalid", Boolean(text));
    if (text) this.form.elements[name].setAttribute("aria-invalid", "true");
  }
}

/** The words for an outcome of `save` that needs some. */
export function outcomeWords(outcome) {
  return say(`save.${outcome}`);
}
