/* The forms of one call, drawn by the same code as the builder's preview: one below the other, each to be opened.
 *
 * Owns: their elements, and what the head of each says. Must not: save or keep (`notes.js`).
 */

import { moment } from "./clock.js";
import { FormField, same } from "./fields.js";
import { FileField } from "./form-files.js";
import { data, make, part, say } from "./page.js";

/** The drawing code is the admin's; it is fetched when the first form is wanted, long after a pop is painted. */
let drawing = null;
export function loadDrawing() {
  drawing ??= import(document.getElementById("filled-form").href);
  return drawing;
}

export function isDrawingHere() {
  return typeof window.drawForm === "function";
}

const WORDS = () => ({ yes: "sí", no: "no", yesShown: say("yes"), noShown: say("no"), choose: say("choose") });

/** One form. */
export class Sheet {
  constructor(form, notes, prefix) {
    this.version = form.version;
    this.notes = notes;
    this.element = make(
      "details",
      { className: "sheet", "data-version": String(form.version) },
      make("summary", {}, make("span", { className: "sheet-name" }, form.name), make("span", { className: "sheet-state", "data-part": "state" })),
    );
    const others = form.others.length > 0 ? make("p", { className: "sheet-others" }, say("sheet.others", { who: form.others.join(", ") })) : null;
    const box = make("div", { className: "filled-form" });
    this.clearButton = make("button", { type: "button", className: "quiet sheet-clear" }, say("sheet.clear"));
    this.clearButton.onclick = () => this.notes.discard(this.fields.filter((field) => field.isKept !== false));
    this.element.append(make("div", { className: "sheet-body" }, others, box, this.clearButton));
    this.fields = [];
    this.#draw(box, form, `${prefix}-${form.version}`);
    // Enter is for the next line or the next field, not for *Salvar* in the middle of a form.
    box.onkeydown = (event) => {
      if (event.key === "Enter" && !event.ctrlKey && event.target.matches("input:not([type=file])")) event.preventDefault();
    };
  }

  #draw(box, form, prefix) {
    const keyOf = (name) => `form.${form.version}.${name}`;
    const files = new Map();
    const fileControl = (field, id) => {
      const control = new FileField(keyOf(field.key), field, id, this);
      files.set(field.key, control);
      return control.node;
    };
    this.drawn = window.drawForm(box, form.fields, WORDS(), { prefix, fileControl, onInput: (name) => this.notes.typed(keyOf(name)) });
    const reveal = () => {
      this.element.open = true;
    };
    for (const name of this.drawn.keys) {
      const field = files.get(name) ?? new FormField(keyOf(name), name, this.drawn, reveal);
      field.reveal = reveal;
      if (files.has(name)) field.showError = (text) => this.drawn.showError(name, text);
      this.fields.push(field);
    }
  }

  /** `values`: what is saved, by key. */
  register(values, form) {
    for (const field of this.fields) {
      if (field instanceof FileField) field.know(form.files);
      this.notes.add(field, field instanceof FileField ? field.saved() : values[field.key]);
    }
    this.notes.sheets.set(this.version, this);
    this.know(form);
    this.element.open = this.isChanged;
  }

  /** Saved now. */
  know(form) {
    this.savedAt = form.saved?.at ?? null;
    for (const field of this.fields.filter((one) => one instanceof FileField)) {
      field.know(form.files);
      this.notes.saved[field.key] = field.saved();
    }
    this.refresh();
  }

  get isChanged() {
    return this.fields.some((field) => !same(field.read(), this.notes.saved[field.key]));
  }

  /** What *Salvar* sends of it. */
  content() {
    const kept = this.fields.filter((field) => field.isKept !== false);
    return { version: this.version, answers: Object.fromEntries(kept.map((field) => [field.name, field.read()])) };
  }

  refresh() {
    const wrong = this.element.querySelectorAll(".is-wrong:not([hidden])").length;
    const state = wrong > 0 ? "wrong" : this.isChanged ? "changed" : this.savedAt !== null ? "saved" : "empty";
    const time = state === "saved" ? moment(this.savedAt, data.language) : "";
    this.element.dataset.state = state;
    part(this.element, "state").textContent = say(`sheet.${state}`, { time, count: wrong });
    this.clearButton.hidden = !this.isChanged;
  }
}
