/* Things that can be typed into, each under the key by which drafts and errors know it.
 *
 * Owns: reading, writing and marking one field. Must not: know what is saved or kept (`notes.js`, `drafts.js`).
 *
 * A field: {key, node, read() -> text or list of texts, write(value), showError(text or null), focus()}, and perhaps
 * `isKept: false` (nothing to keep: it lies on the server already) and `reveal()` (show where it is hidden).
 */

/** An input, a list or a text area, with the paragraph beside it that says what is wrong. */
export class ControlField {
  constructor(key, control, error) {
    this.key = key;
    this.node = control;
    this.error = error;
    control.setAttribute("aria-describedby", error.id);
  }

  read() {
    return this.node.value;
  }

  write(value) {
    if (this.node.value === value) return; // the cursor stays where it is
    this.node.value = value;
  }

  showError(text) {
    this.error.textContent = text ?? "";
    this.error.hidden = !text;
    if (text) this.node.setAttribute("aria-invalid", "true");
    else this.node.removeAttribute("aria-invalid");
  }

  focus() {
    this.node.focus();
  }
}

/** A field of a form that `drawForm` drew; `reveal()` opens the form. */
export class FormField {
  constructor(key, name, drawn, reveal) {
    this.key = key;
    this.name = name;
    this.drawn = drawn;
    this.reveal = reveal;
  }

  get node() {
    return this.drawn.node(this.name);
  }

  read() {
    return this.drawn.read(this.name);
  }

  write(value) {
    this.drawn.write(this.name, value);
  }

  showError(text) {
    this.drawn.showError(this.name, text);
  }

  focus() {
    this.drawn.focus(this.name);
  }
}

export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
