/* Disposition, comment and the contact's data of one call: edited in place, kept as typed, saved by *Salvar*.
 *
 * Owns: the call's fields and the saving of them. Must not: know the socket, or how a draft is kept (`draft-form.js`).
 */

import { DraftForm } from "./draft-form.js";
import { data, make, say } from "./page.js";
import { NOT_YET_WAITS_MS, callUrl, get, pause, post } from "./web.js";

export const FIELDS = ["disposition", "comment", "name", "email", "company"];

export class Notes extends DraftForm {
  /** `onChange()` is called whenever the agent typed or the state of saving changed. */
  constructor(form, callId, drafts, onChange) {
    super(form, FIELDS, callId, drafts, onChange);
    this.callId = callId;
    this.wasSaved = false;
    this.#offerDispositions();
    this.restore();
    this.form.elements.company.addEventListener("input", () => this.#suggestCompanies());
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
    this.showErrors(status === 422 ? body.errors : {});
    switch (status) {
      case 200:
        this.wasSaved = true;
        this.settle(sent, body.notes);
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
}

/** The words for an outcome of `save` that needs some. */
export function outcomeWords(outcome) {
  return say(`save.${outcome}`);
}
