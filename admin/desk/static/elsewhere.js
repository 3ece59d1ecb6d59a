/* What was typed in two places at once: the newest is on the screen, the other one is told and can be had back.
 *
 * Owns: those lines of one pop. Must not: decide which is the newest (`draft-sync.js`).
 */

import { make, say } from "./page.js";

const SHOWN = 80; // characters of a text

export class Elsewhere {
  /** `take(field, value)`: the agent wants that one. */
  constructor(list, take) {
    this.list = list;
    this.take = take;
  }

  /** `why`: "newer" (typed elsewhere later), "replaced" (this tab wrote over it), "saved" (saved elsewhere since). */
  add(field, value, why) {
    for (const line of this.list.children) if (line.dataset.key === field.key) line.remove();
    const text = Array.isArray(value) ? value.join(", ") : value;
    if (text.trim() === "" || field.read === undefined) return;
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
    const take = make("button", { type: "button", className: "quiet" }, say("elsewhere.take"));
    const close = make("button", { type: "button", className: "tool", "aria-label": say("close") }, "×");
    const line = make("li", { "data-key": field.key }, make("span", {}, say(`elsewhere.${why}`, { text: shown })), take, close);
    take.onclick = () => {
      line.remove();
      this.take(field, value);
    };
    close.onclick = () => line.remove();
    this.list.append(line);
  }

  clear() {
    this.list.replaceChildren();
  }
}
