/* The field in the bar from which any number is called.
 *
 * Owns: the field, and that a number which was refused comes back into it. Must not: dial.
 */

import { data } from "./page.js";

const REFUSED_WITHIN_MS = 10000;

export class DialForm {
  /** `dial(number, call center)`. Whoever may not dial has no such field. */
  constructor(dial) {
    this.form = document.getElementById("dial");
    this.sent = { number: "", at: 0 };
    if (this.form === null) return;
    this.form.onsubmit = (event) => {
      event.preventDefault();
      const { number, center } = this.form.elements;
      const typed = number.value.trim();
      if (typed === "") return;
      this.sent = { number: typed, at: Date.now() };
      dial(typed, center ? Number(center.value) : data.dialCenter);
      number.value = "";
    };
  }

  /** What was asked for last was refused: nobody types a number twice. */
  refused() {
    const { number, at } = this.sent;
    this.sent = { number: "", at: 0 };
    if (number === "" || Date.now() - at > REFUSED_WITHIN_MS) return;
    const field = this.form.elements.number;
    if (field.value === "") field.value = number;
  }

  focus() {
    this.form?.elements.number.focus();
  }
}
