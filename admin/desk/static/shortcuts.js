/* Keys. None acts while the agent writes; all can be switched off (WCAG 2.2, 2.1.4). The list is in the ? dialog.
 *
 * Owns: which key means what. Must not: do it.
 */

import { isWriting, memory } from "./page.js";

const SWITCH = "centralita.desk.shortcuts";
const QUIET_AFTER_WRITING_MS = 1200;

export class Shortcuts {
  /** `actions`: answer, hangup, available, pause, hold, mute, record, pass, comment, dial, save, help, pop(number), room(key):
   * what to do to go to the room of this letter, or undefined. */
  constructor(actions) {
    this.actions = actions;
    this.wroteAt = -Infinity;
    const box = document.getElementById("shortcuts-on");
    box.checked = (memory.get(SWITCH) ?? "on") === "on";
    box.onchange = () => memory.set(SWITCH, box.checked ? "on" : "off");
    this.box = box;
    addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.ctrlKey && event.key === "Enter") {
      if (this.actions.save()) event.preventDefault();
      return;
    }
    if (isWriting()) {
      // Who leaves the field by Escape means what comes next as a command.
      const leaves = event.key === "Escape";
      this.wroteAt = leaves ? -Infinity : event.timeStamp;
      if (leaves && document.querySelector("dialog[open]") === null) document.activeElement.blur();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (!this.box.checked || document.querySelector("dialog[open]") !== null) return;
    // A letter meant for a field that has just gone is no command.
    if (event.timeStamp - this.wroteAt < QUIET_AFTER_WRITING_MS) return;
    const act = this.#meaning(event);
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #meaning(event) {
    const { actions } = this;
    if (event.shiftKey) {
      const shifted = { C: actions.hangup, D: actions.available, P: actions.pause, "?": actions.help };
      const key = event.key.toUpperCase();
      return shifted[key] ?? actions.room(key);
    }
    if (/^[1-9]$/.test(event.key)) return () => actions.pop(Number(event.key));
    const { answer, hold, mute, record, pass, comment, dial, help } = actions;
    return { a: answer, e: hold, m: mute, g: record, t: pass, n: comment, d: dial, "?": help }[event.key.toLowerCase()];
  }
}
