/* Which call is in front: the pops side by side as tabs, a new one that does not disturb who is writing.
 *
 * Owns: the order and the selection of pops, the tabs, the strip of a call that waits behind. Must not: talk to the
 * engine.
 */

import { isWriting, make, part, say } from "./page.js";
import { isAlerting } from "./truth.js";

export class Stage {
  /** `actions`: answer(view); calls(): to the room of the calls. */
  constructor(actions) {
    this.views = new Map();
    this.front = null;
    this.actions = actions;
    this.inSight = true; // the room of the calls is on the screen
    this.element = document.getElementById("stage");
    this.tabs = document.getElementById("pop-tabs");
    this.strip = document.getElementById("incoming");
    part(this.strip, "show").onclick = () => this.open(this.waitingView());
    part(this.strip, "answer").onclick = () => {
      const view = this.waitingView();
      this.open(view);
      this.actions.answer(view);
    };
    this.tabs.onkeydown = (event) => this.#arrow(event);
    // Leaving a field without going anywhere else: now the call may come to the front.
    document.addEventListener("focusout", () => setTimeout(() => this.#comeForward(), 0));
  }

  /** Puts a new pop on the stage: in front, unless the agent is writing or talking on another. */
  add(view) {
    this.views.set(view.callId, view);
    this.element.append(view.root);
    view.root.hidden = true;
    const disturbs = this.front !== null && (isWriting() || this.front.pop.phase === "talking");
    if (this.front === null || !disturbs) this.show(view);
    else this.draw();
  }

  remove(callId) {
    const view = this.views.get(callId);
    if (view === undefined) return;
    const hadFocus = view.root.contains(document.activeElement);
    this.views.delete(callId);
    view.end();
    view.root.remove();
    if (this.front === view) {
      this.front = null;
      const rest = [...this.views.values()];
      const next = rest.find((other) => isAlerting(other.pop)) ?? rest.at(-1) ?? null;
      if (next !== null) this.show(next);
      else if (hadFocus) document.getElementById("idle").focus();
    }
    this.draw();
  }

  show(view) {
    if (view === null || view === undefined) return;
    if (this.front !== view) {
      if (this.front !== null) this.front.root.hidden = true;
      this.front = view;
      view.root.hidden = false;
      if (this.inSight) this.#face();
    }
    this.draw();
  }

  /** From whatever room: to the calls, with this one in front. */
  open(view) {
    if (view === null || view === undefined) return;
    this.show(view);
    this.actions.calls();
  }

  /** The room of the calls is shown, or another one is. */
  setInSight(inSight) {
    const came = inSight && !this.inSight;
    this.inSight = inSight;
    if (came && this.front !== null) this.#face();
    this.draw();
  }

  /** A call that rings and that the agent does not see: behind the one in front, or behind another room. */
  waitingView() {
    const unseen = (view) => !this.inSight || view !== this.front;
    return [...this.views.values()].find((view) => unseen(view) && isAlerting(view.pop)) ?? null;
  }

  #face() {
    scrollTo({ top: 0 });
    const { root } = this.front;
    if (!isWriting() || !root.contains(document.activeElement)) root.focus({ preventScroll: true });
  }

  tick() {
    for (const view of this.views.values()) view.tick();
    for (const tab of this.tabs.children) {
      part(tab, "time").textContent = this.views.get(tab.dataset.callId)?.elapsed() ?? "";
    }
  }

  draw() {
    document.body.classList.toggle("has-pops", this.views.size > 0);
    document.getElementById("idle").hidden = this.views.size > 0;
    this.#drawTabs();
    this.#drawStrip();
  }

  #drawTabs() {
    this.tabs.hidden = this.views.size < 2;
    const known = new Map([...this.tabs.children].map((tab) => [tab.dataset.callId, tab]));
    const tabs = [...this.views.values()].map((view) => known.get(view.callId) ?? this.#tab(view.callId));
    this.tabs.replaceChildren(...tabs);
    for (const tab of tabs) {
      const view = this.views.get(tab.dataset.callId);
      const selected = view === this.front;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      tab.setAttribute("aria-controls", view.root.id);
      tab.dataset.phase = view.root.dataset.phase;
      tab.style.setProperty("--center", view.color);
      part(tab, "who").textContent = view.title;
      part(tab, "phase").textContent = part(view.root, "phase").textContent;
      part(tab, "time").textContent = view.elapsed();
    }
  }

  #tab(callId) {
    const tab = make(
      "button",
      { type: "button", className: "pop-tab", role: "tab", "data-call-id": callId },
      make("span", { className: "swatch", "aria-hidden": "true" }),
      make("span", { className: "who", "data-part": "who" }),
      make("span", { className: "tab-phase", "data-part": "phase" }),
      make("span", { className: "digits", "data-part": "time" }),
    );
    tab.onclick = () => this.show(this.views.get(callId));
    return tab;
  }

  #drawStrip() {
    const view = this.waitingView();
    this.strip.hidden = view === null;
    if (view === null) return;
    this.strip.style.setProperty("--center", view.color);
    this.strip.style.setProperty("--center-ink", view.root.style.getPropertyValue("--center-ink"));
    part(this.strip, "center").textContent = view.centerName;
    part(this.strip, "who").textContent = view.title === view.number ? view.number : `${view.title} · ${view.number}`;
    const answer = part(this.strip, "answer");
    answer.hidden = !view.pop.can_answer;
    answer.disabled = part(view.root, "answer").disabled;
  }

  #comeForward() {
    if (!this.inSight || isWriting() || this.front === null || this.front.pop.phase === "talking") return;
    if (document.activeElement !== document.body) return;
    this.show(this.waitingView());
  }

  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const tabs = [...this.tabs.children];
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next?.focus();
    next?.click();
    event.preventDefault();
  }
}

/** What the screen reader says of a new call. */
export function announce(view) {
  document.getElementById("announcer").textContent = say("announce.incoming", {
    caller: view.title === view.number ? view.number : `${view.title}, ${view.number}`,
    center: view.centerName,
  });
}
