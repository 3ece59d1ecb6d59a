/* The bar: who I am, my state and since when, whether the line is up, and the buttons that ask for another state.
 *
 * Owns: the bar and the line's banner. Must not: decide a state: it shows what the engine says.
 */

import { duration } from "./clock.js";
import { hangMenu } from "./menu.js";
import { part, say } from "./page.js";

const SLOW_TO_CONNECT_MS = 1500;

export class StateBar {
  /** `actions`: available(), pause(reason), moreTime(), restart(). */
  constructor(clock, actions) {
    this.clock = clock;
    this.element = document.getElementById("bar");
    this.banner = document.getElementById("banner");
    this.menu = document.getElementById("pause-menu");
    this.state = { state: "offline", reason: null, since: 0 };
    this.line = "connecting";
    this.wished = null; // a pause asked for while on a call
    this.bannerTimer = 0;
    this.pauseButton = part(this.element, "pause");
    this.availableButton = part(this.element, "available");
    this.availableButton.onclick = () => actions.available();
    this.moreTimeButton = part(this.element, "more-time");
    this.moreTimeButton.onclick = () => actions.moreTime();
    this.pauseButton.onclick = () => this.togglePauseMenu();
    this.menu.onclick = (event) => {
      const choice = event.target.closest("button");
      if (choice === null) return;
      this.menu.hidePopover();
      this.pauseButton.focus();
      actions.pause(choice.dataset.reason);
    };
    hangMenu(this.menu, this.pauseButton);
    hangMenu(document.getElementById("me-menu"), document.getElementById("me-button"));
    part(this.banner, "again").onclick = () => actions.restart();
    this.draw();
  }

  setAgent(agent) {
    part(this.element, "name").textContent = agent.name ?? "";
    part(this.element, "endpoint").textContent = agent.endpoint ?? say("no_endpoint");
  }

  setState(state) {
    this.state = state;
    if (state.call_id === null) this.wished = null;
    this.draw();
  }

  /** Asked for while a call holds the agent: the engine grants it when the call is over. */
  wish(reason) {
    this.wished = this.state.call_id === null ? null : reason;
    this.draw();
  }

  setLine(line, why = "") {
    this.line = line;
    this.why = why;
    this.draw();
    clearTimeout(this.bannerTimer);
    if (line === "open") this.banner.hidden = true;
    else if (line === "stopped") this.#showBanner();
    // A page that has just been opened connects within a blink: nothing to say yet.
    else if (this.banner.hidden) this.bannerTimer = setTimeout(() => this.#showBanner(), this.#patience());
  }

  togglePauseMenu() {
    this.menu.togglePopover();
  }

  draw() {
    const open = this.line === "open";
    const { state, reason, call_id: callId } = this.state;
    // Without a line nobody knows; the last state stays readable, but pale.
    this.element.dataset.state = open ? state : "offline";
    this.element.dataset.line = this.line;
    const stopped = this.line === "stopped";
    const word = open ? say(`state.${state}`) : stopped ? say("line.stopped") : say("line.connecting");
    part(this.element, "state-word").textContent = open && reason ? `${word}: ${spoken(reason)}` : word;
    part(this.element, "wished").hidden = this.wished === null;
    part(this.element, "wished").textContent =
      this.wished === null ? "" : say("state.pause_after", { reason: this.wished });
    part(this.element, "line-word").textContent = say(`line.${this.line}`);
    // Offered when it changes something: after a pause, after a call, or to take a wished pause back.
    this.availableButton.hidden = !open || (callId === null ? state === "available" : this.wished === null);
    this.moreTimeButton.hidden = !open || state !== "wrap_up";
    this.pauseButton.disabled = !open;
    this.tick();
  }

  tick() {
    const known = this.line === "open" && this.state.since > 0;
    part(this.element, "state-time").textContent = known ? duration(this.clock.now() - this.state.since) : "";
  }

  #patience() {
    return this.hadLine ? 300 : SLOW_TO_CONNECT_MS;
  }

  get hadLine() {
    return this.state.since > 0;
  }

  #showBanner() {
    const stopped = this.line === "stopped";
    this.banner.dataset.kind = stopped ? "bad" : "calm";
    part(this.banner, "text").textContent = say(stopped ? `stopped.${this.why}` : "line.reconnecting");
    part(this.banner, "again").hidden = !stopped || this.why === "login" || this.why === "ended";
    part(this.banner, "login").hidden = !(stopped && (this.why === "login" || this.why === "ended"));
    this.banner.hidden = false;
  }
}

/** A pause that nobody asked for has a code, all others the words that were chosen. */
function spoken(reason) {
  return reason === "missed_calls" ? say("reason.missed_calls") : reason;
}
