/* A form whose fields are kept as they are typed, until they are saved.
 *
 * Owns: what differs from what is saved, the draft, errors beside the fields. Must not: know what the form is of, or save.
 */

export class DraftForm {
  /** `onChange()` is called whenever the agent typed. `saved` are the fields' values as stored. */
  constructor(form, fields, draftId, drafts, onChange) {
    this.form = form;
    this.fields = fields;
    this.draftId = draftId;
    this.drafts = drafts;
    this.onChange = onChange;
    this.busy = false;
    this.extra = {}; // kept beside the fields
    this.saved = Object.fromEntries(fields.map((name) => [name, ""]));
    for (const name of fields) this.#describe(name);
    form.addEventListener("input", (event) => this.#typed(event.target.name));
  }

  /** What was typed before a reload. Selects have their options by now. */
  restore() {
    for (const [name, value] of Object.entries(this.drafts.of(this.draftId))) {
      if (this.fields.includes(name)) this.form.elements[name].value = value;
    }
  }

  /** What is saved now, as far as it is known; fields the agent has changed keep what was typed. */
  know(values) {
    for (const [name, value] of Object.entries(values)) {
      const input = this.form.elements[name];
      const untouched = input.value === this.saved[name];
      this.saved[name] = value ?? "";
      if (untouched) input.value = this.saved[name];
    }
    this.keep();
  }

  /** Saved: `values` of the fields that were `sent`. What was typed while the answer was under way stays. */
  settle(sent, values) {
    for (const name of Object.keys(sent)) {
      const input = this.form.elements[name];
      this.saved[name] = values[name];
      if (input.value === sent[name]) input.value = values[name];
    }
    this.keep();
  }

  /** Another tab typed. */
  follow() {
    const values = this.drafts.of(this.draftId);
    for (const name of this.fields) {
      const input = this.form.elements[name];
      if (document.activeElement !== input) input.value = values[name] ?? this.saved[name];
    }
    this.onChange();
  }

  changes() {
    const changed = this.fields.filter((name) => this.form.elements[name].value !== this.saved[name]);
    return Object.fromEntries(changed.map((name) => [name, this.form.elements[name].value]));
  }

  get isChanged() {
    return Object.keys(this.changes()).length > 0;
  }

  /** Saved, or given up: nothing is kept any more. */
  forget() {
    this.drafts.keep(this.draftId, {});
  }

  discard() {
    for (const name of this.fields) this.form.elements[name].value = this.saved[name];
    this.keep();
  }

  keep() {
    const changes = this.changes();
    this.drafts.keep(this.draftId, Object.keys(changes).length === 0 ? {} : { ...this.extra, ...changes });
    this.onChange();
  }

  /** `{field: words}`; the first one that is wrong has the focus. */
  showErrors(errors) {
    for (const name of this.fields) this.showError(name, errors?.[name] ?? null);
    const first = this.fields.find((name) => errors?.[name]);
    if (first) this.form.elements[first].focus();
  }

  showError(name, text) {
    const error = this.#errorOf(name);
    if (error === null) return;
    error.textContent = text ?? "";
    error.hidden = !text;
    if (text) this.form.elements[name].setAttribute("aria-invalid", "true");
    else this.form.elements[name].removeAttribute("aria-invalid");
  }

  #typed(name) {
    if (!this.fields.includes(name)) return;
    this.showError(name, null);
    this.keep();
  }

  #describe(name) {
    const error = this.#errorOf(name);
    if (error === null) return;
    error.id = `error-${name}-${this.draftId}`;
    this.form.elements[name].setAttribute("aria-describedby", error.id);
  }

  #errorOf(name) {
    return this.form.querySelector(`[data-error="${name}"]`);
  }
}
