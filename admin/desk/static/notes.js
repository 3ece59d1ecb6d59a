/* What the agent fills in for one call: its note, the contact's data, forms. Kept as typed, saved together by *Salvar*.
 *
 * Owns: the fields, what differs from what is saved, errors beside the fields. Must not: know the socket, or draw forms.
 */

import { DraftSync } from "./draft-sync.js";
import { ControlField, same } from "./fields.js";
import { data, make, say } from "./page.js";
import { NOT_YET_WAITS_MS, callUrl, get, pause, post } from "./web.js";

const OF_CONTACT = /^(name|phone|email|company|field\.\d+)$/; // what two people may write at once
const FIXED = ["disposition", "comment", "name", "phone", "email", "company", "callback_at", "callback_for", "callback_note"];

export class Notes {
  /**
   * `onChange()`: the agent typed, or the state of saving changed. `onSaved(work)`: saved, with all there is to fill in
   * as it is now. `onSavedElsewhere()`: another tab saved. `onGaveWay(field, value, why)`: what was typed in two places,
   * and which of them is not on the screen.
   */
  constructor(form, callId, drafts, { onChange, onSaved, onSavedElsewhere, onGaveWay }) {
    this.form = form;
    this.callId = callId;
    this.drafts = drafts;
    this.onChange = onChange;
    this.onSaved = onSaved;
    this.busy = false;
    this.wasSaved = false;
    this.fields = new Map();
    this.saved = {};
    this.held = {}; // as the server has it, where a control may show it otherwise
    this.sheets = new Map(); // forms by their version
    this.sync = new DraftSync(callId, drafts, {
      put: (key, value) => this.#put(key, value),
      tell: (key, value, why) => onGaveWay(this.fields.get(key) ?? { key }, value, why),
      saved: onSavedElsewhere,
    });
    this.#offerDispositions();
    for (const name of FIXED) {
      const error = form.querySelector(`[data-error="${name}"]`);
      error.id = `error-${name}-${callId}`;
      this.add(new ControlField(name, form.elements[name], error));
    }
    form.addEventListener("input", (event) => this.typed(event.target.name));
    this.form.elements.company.addEventListener("input", () => this.#suggestCompanies());
  }

  /** One field more: it shows what is saved, or what was typed and not saved. */
  add(field, saved = "") {
    this.fields.set(field.key, field);
    this.#write(field, saved);
    const draft = field.isKept === false ? undefined : this.drafts.of(this.callId)[field.key];
    if (draft !== undefined) field.write(draft);
  }

  /** A value that is saved, as the field shows it: a list has no option for what is not offered any more. */
  #write(field, saved) {
    this.held[field.key] = saved;
    field.write(saved);
    this.saved[field.key] = field.read();
  }

  /** What is saved now, as far as it is known; fields the agent has changed keep what was typed. */
  know(values) {
    for (const [key, value] of Object.entries(values)) {
      const field = this.fields.get(key);
      if (field === undefined) continue;
      if (same(field.read(), this.saved[key])) this.#write(field, value ?? "");
      else this.#hold(key, value ?? "");
      if (same(field.read(), this.saved[key])) this.#keep(field);
    }
    this.onChange();
  }

  /** Saved now, while something else is typed. */
  #hold(key, saved) {
    this.saved[key] = saved;
    this.held[key] = saved;
  }

  /** Another tab of this browser typed. */
  follow() {
    const values = this.drafts.of(this.callId);
    for (const field of this.fields.values()) {
      if (field.isKept !== false && !field.node.contains(document.activeElement)) {
        field.write(values[field.key] ?? this.saved[field.key]);
      }
    }
    this.onChange();
  }

  changes() {
    const changed = [...this.fields.values()].filter((field) => !same(field.read(), this.saved[field.key]));
    return Object.fromEntries(changed.map((field) => [field.key, field.read()]));
  }

  get isChanged() {
    return Object.keys(this.changes()).length > 0;
  }

  /** A field was changed by a person. */
  typed(key) {
    const field = this.fields.get(key);
    if (field === undefined) return;
    field.showError(null);
    this.#keep(field);
    this.sync.soon();
    this.onChange();
  }

  /** `fields`: those that go back to what is saved; without, all of them, here and on the server. */
  async discard(fields = null) {
    for (const field of fields ?? this.fields.values()) {
      field.write(this.saved[field.key]);
      field.showError(null);
      if (fields !== null) this.#keep(field);
    }
    if (fields !== null) this.sync.soon();
    else {
      this.sync.hold(true);
      this.drafts.forget(this.callId);
      await post(callUrl(this.callId, "discard"), {});
      this.sync.hold(false);
    }
    this.onChange();
  }

  /** "saved", "refused" (errors are shown), "not_yet", "offline", "login", "forbidden". Safe to repeat. */
  async save() {
    if (this.busy) return "busy";
    this.busy = true;
    this.sync.hold(true);
    this.onChange();
    const sent = this.changes();
    let answer;
    try {
      for (const wait of [...NOT_YET_WAITS_MS, null]) {
        answer = await post(callUrl(this.callId), this.#content(sent));
        // The engine's writer may be a breath behind: the call is not in the history yet.
        if (answer.status !== 409 || wait === null) break;
        await pause(wait);
      }
    } finally {
      this.busy = false;
    }
    const outcome = this.#read(answer, sent);
    this.sync.hold(false);
    this.onChange();
    return outcome;
  }

  /** What *Salvar* sends: the fields that were changed, and of each form that was touched all that stands in it. */
  #content(changes) {
    const content = {};
    const entries = this.drafts.entries(this.callId);
    const touched = new Set();
    for (const [key, value] of Object.entries(changes)) {
      const [kind, id] = key.split(".");
      if (kind === "form") touched.add(Number(id));
      else if (kind === "field") (content.fields ??= {})[id] = value;
      else content[key] = value;
      if (OF_CONTACT.test(key)) (content.seen ??= {})[key] = entries[key]?.seen ?? this.held[key];
    }
    if (touched.size > 0) content.forms = [...touched].map((version) => this.sheets.get(version).content());
    return content;
  }

  /** `body`: of *Salvar* it is all that there is to fill in, as it is saved now. */
  #read({ status, body }, sent) {
    this.#showErrors(status === 422 ? body.errors : {});
    switch (status) {
      case 200:
        this.wasSaved = true;
        this.#settle(sent, body);
        this.onSaved(body);
        return "saved";
      case 422:
        this.#meet(body.now ?? {});
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

  /** Somebody else saved these meanwhile: whoever saves again does it knowingly. */
  #meet(now) {
    for (const [key, value] of Object.entries(now)) {
      this.#hold(key, value);
      const entry = this.drafts.entries(this.callId)[key];
      if (entry !== undefined) this.drafts.keep(this.callId, { [key]: { ...entry, seen: value } });
    }
  }

  /** What was typed while the answer was under way stays, as newer than what was saved. */
  #settle(sent, work) {
    const saved = savedValues(work);
    for (const key of Object.keys(sent)) {
      const field = this.fields.get(key);
      if (same(field.read(), sent[key])) {
        this.#write(field, saved[key] ?? "");
        this.drafts.keep(this.callId, { [key]: null });
      } else {
        this.drafts.keep(this.callId, { [key]: null });
        this.#hold(key, saved[key] ?? "");
        this.#keep(field);
      }
    }
    this.sync.version = Math.max(this.sync.version, work.draft.version);
  }

  #keep(field) {
    if (field.isKept === false) return;
    const value = field.read();
    const at = Date.now();
    const before = this.drafts.entries(this.callId)[field.key]?.seen ?? this.held[field.key];
    const seen = OF_CONTACT.test(field.key) ? { seen: before } : {}; // what was saved when the typing began
    const entry = same(value, this.saved[field.key]) ? { at, sent: this.#isUnknown(field.key) } : { v: value, at, sent: false, ...seen };
    this.drafts.keep(this.callId, { [field.key]: entry });
  }

  /** Nothing was ever kept of this field: there is nothing to take back on the server. */
  #isUnknown(key) {
    return this.drafts.entries(this.callId)[key] === undefined;
  }

  #put(key, value) {
    const field = this.fields.get(key);
    if (field === undefined) return; // a form that is not drawn yet: `add` takes it up
    field.write(value ?? this.saved[key]);
    field.showError(null);
    this.onChange();
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

  #showErrors(errors) {
    for (const field of this.fields.values()) field.showError(errors?.[field.key] ?? null);
    const wrong = [...this.fields.values()].filter((field) => errors?.[field.key]);
    const first = wrong.sort((one, other) => (follows(one.node, other.node) ? -1 : 1))[0];
    if (first === undefined) return;
    first.reveal?.();
    first.focus();
  }
}

function follows(before, after) {
  return Boolean(before.compareDocumentPosition(after) & Node.DOCUMENT_POSITION_FOLLOWING);
}

/** What is saved, by the keys of the fields. */
export function savedValues(work) {
  const values = { ...work.notes, ...work.callback };
  for (const { id, value } of work.fields) values[`field.${id}`] = value;
  for (const { version, fields, saved } of work.forms) {
    for (const { key, kind, value } of fields) {
      if (kind !== "heading" && kind !== "file") values[`form.${version}.${key}`] = firstValue(kind, value, saved?.answers, key);
    }
  }
  return values;
}

/** What is saved of a form's field; before anything was, its initial value. */
function firstValue(kind, initial, answers, key) {
  const empty = kind === "choices" ? [] : "";
  if (answers !== undefined) return answers[key] ?? empty;
  return kind === "choices" ? initial.split("\n").map((one) => one.trim()).filter(Boolean) : initial;
}

/** The words for an outcome of `save` that needs some. */
export function outcomeWords(outcome) {
  return say(`save.${outcome}`);
}
