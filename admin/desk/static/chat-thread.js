/* One thread on the screen: its bubbles with time and state.
 *
 * Owns: the elements of the messages. Must not: ask the server (`chat.js` does).
 */

import { dayOf, hour } from "./clock.js";
import { data, make, part, say } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR_THE_END = 80;
const DAY_MS = 24 * 3600 * 1000;

export class Bubbles {
  /** `again(message)`: somebody wants it sent once more. */
  constructor(root, again) {
    this.scroll = part(root, "scroll");
    this.list = part(root, "messages");
    this.again = again;
    this.shown = new Map(); // id -> {element, drawn}
  }

  clear() {
    this.shown.clear();
    this.list.replaceChildren();
    this.list.setAttribute("aria-live", "off");
  }

  /** These messages, those of before stay. Who is at the end stays there; who reads further up is not moved. */
  draw(messages) {
    const { scroll } = this;
    const first = this.shown.size === 0;
    const atEnd = first || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_THE_END;
    const height = scroll.scrollHeight;
    const earliest = Math.min(...this.shown.keys());
    const earlier = !first && messages.some(({ id }) => id < earliest);
    for (const message of messages) this.#put(message);
    this.#days();
    if (earlier) scroll.scrollTop += scroll.scrollHeight - height;
    else if (atEnd) scroll.scrollTop = scroll.scrollHeight;
    // Only what comes from now on is read out.
    if (first) requestAnimationFrame(() => this.list.setAttribute("aria-live", "polite"));
  }

  #put(message) {
    const drawn = JSON.stringify(message);
    const known = this.shown.get(message.id);
    if (known?.drawn === drawn) return;
    const element = this.#bubble(message);
    this.shown.set(message.id, { element, drawn, at: message.at });
    if (known !== undefined) {
      known.element.replaceWith(element);
      return;
    }
    const following = [...this.shown.keys()].filter((id) => id > message.id);
    const next = following.length === 0 ? null : this.shown.get(Math.min(...following)).element;
    this.list.insertBefore(element, next);
  }

  #bubble(message) {
    const failed = message.state === "failed" || message.state === "unsure";
    const again = failed ? make("button", { type: "button", className: "chat-again" }, say("chat.again")) : null;
    if (again !== null) again.onclick = () => this.again(message, again);
    const who = message.automatic ? say("chat.automatic") : message.writer;
    return make(
      "li",
      { className: "chat-message", "data-id": String(message.id), "data-mine": String(message.mine), "data-state": message.state },
      make("p", { className: "chat-text" }, message.text || (message.why ? "…" : "")),
      make(
        "p",
        { className: "chat-about" },
        message.mine && who ? make("span", {}, who) : null,
        make("time", { dateTime: new Date(message.at).toISOString() }, hour(message.at, data.language, data.timezone)),
        message.mine ? make("span", { className: "chat-state" }, icon(message.state), make("span", {}, message.words)) : null,
      ),
      message.why ? make("p", { className: "chat-why" }, message.why, detail(message)) : null,
      again,
    );
  }

  /** A line with the day before its first message. */
  #days() {
    for (const line of this.list.querySelectorAll(".chat-day")) line.remove();
    let before = "";
    for (const id of [...this.shown.keys()].sort((one, other) => one - other)) {
      const { element, at } = this.shown.get(id);
      const day = dayOf(at, data.timezone);
      if (day !== before) this.list.insertBefore(make("li", { className: "chat-day" }, dayWords(at)), element);
      before = day;
    }
  }
}

function detail({ detail: words }) {
  return words ? make("span", { className: "chat-detail" }, ` (${words})`) : null;
}

function dayWords(at) {
  const day = dayOf(at, data.timezone);
  if (day === dayOf(Date.now(), data.timezone)) return say("chat.today");
  if (day === dayOf(Date.now() - DAY_MS, data.timezone)) return say("chat.yesterday");
  const form = { weekday: "long", day: "numeric", month: "long", year: "numeric", timeZone: data.timezone };
  return new Date(at).toLocaleDateString(data.language, form);
}

/** A symbol of the chat's own sprite. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "chat-icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#m-${name}`);
  svg.append(use);
  return svg;
}

