/* What can be done in a conversation: hold, mute, record, keys, transfer, the third who is consulted.
 *
 * Owns: those buttons of one pop, and what they show. Must not: believe that anything happened: the engine's `talk` says.
 */

import { say } from "./page.js";

export class TalkBar {
  /** `send(message)`: a wish, without its call; `pass()`: opens the dialog of targets. */
  constructor(part, { send, pass }) {
    this.part = part;
    this.send = send;
    this.talk = null;
    part("hold").onclick = () => this.hold();
    part("mute").onclick = () => this.mute();
    part("record").onclick = () => this.record();
    part("record-stop").onclick = () => send({ type: "stop_record" });
    part("pass").onclick = pass;
    for (const wish of ["complete", "swap", "conference", "cancel"]) part(wish).onclick = () => send({ type: wish });
    part("keypad").onclick = () => this.#keys(part("keys").hidden);
    for (const key of part("keys").children) key.onclick = () => send({ type: "dtmf", digits: key.dataset.key });
  }

  hold() {
    if (!this.part("hold").disabled) this.send({ type: this.talk?.on_hold ? "unhold" : "hold" });
  }

  mute() {
    if (!this.part("mute").disabled) this.send({ type: this.talk?.muted ? "unmute" : "mute" });
  }

  /** Begins it, pauses it (a card number is about to be said), or goes on. */
  record() {
    if (this.part("record").hidden || this.part("record").disabled) return;
    const running = ["on", "waiting"].includes(this.talk?.recording?.state);
    const paused = this.talk?.recording?.state === "paused";
    this.send({ type: running ? "pause_record" : paused ? "resume_record" : "record" });
  }

  get canPass() {
    return !this.part("talk").hidden && !this.part("pass").disabled;
  }

  draw({ phase, talk }, lineOpen) {
    this.talk = talk ?? null;
    const shown = phase === "talking" && this.talk !== null;
    this.part("talk").hidden = !shown;
    if (!shown) {
      this.#keys(false);
      return;
    }
    const { third, on_hold: held, muted, parties, waits, asking, phone_holds: phoneHolds } = this.talk;
    this.#toggle("hold", held, held ? "talk.unhold" : "talk.hold", !lineOpen || third !== null || parties > 2);
    this.#toggle("mute", muted, muted ? "talk.unmute" : "talk.mute", !lineOpen);
    this.#recording(this.talk.recording ?? null, lineOpen);
    this.part("keypad").disabled = !lineOpen || held;
    this.part("pass").disabled = !lineOpen || third !== null || parties > 2 || asking;
    this.part("third").hidden = third === null;
    if (third !== null) {
      this.part("third-name").textContent = third.name;
      this.part("third-state").textContent = say(`third.${third.state}`);
      const answered = third.state !== "ringing";
      for (const wish of ["complete", "cancel"]) this.part(wish).disabled = !lineOpen;
      for (const wish of ["swap", "conference"]) this.part(wish).disabled = !lineOpen || !answered;
    }
    const note = asking ? "asking" : waits ? "waits" : held ? "held" : phoneHolds ? "phone_holds" : parties > 2 ? "three" : "";
    this.part("talk-note").textContent = note === "" ? "" : say(`talk.${note}`);
  }

  #recording(recording, lineOpen) {
    const state = recording?.state ?? "";
    this.part("recording").hidden = state === "";
    this.part("record").hidden = state === "";
    this.part("record-stop").hidden = !recording?.may_stop || ["off", ""].includes(state);
    if (state === "") return;
    this.part("recording").dataset.state = state;
    this.part("recording-word").textContent = say(`recording.${state}`);
    const word = { on: "pause", waiting: "pause", paused: "resume", off: "start" }[state] ?? "again";
    this.#toggle("record", state === "paused", `recording.${word}`, !lineOpen);
    this.part("record-stop").disabled = !lineOpen;
  }

  #toggle(name, on, word, disabled) {
    const button = this.part(name);
    button.setAttribute("aria-pressed", String(on));
    button.disabled = disabled;
    this.part(`${name}-word`).textContent = say(word);
  }

  #keys(open) {
    this.part("keys").hidden = !open;
    this.part("keypad").setAttribute("aria-expanded", String(open));
  }
}
