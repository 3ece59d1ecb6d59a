/* Mis últimas llamadas: the agent's own last calls, read from the history.
 *
 * Owns: the list. Must not: know live calls.
 */

import { duration, moment } from "./clock.js";
import { grouped, safeColor } from "./look.js";
import { data, make, part, say } from "./page.js";
import { get } from "./web.js";

const AFTER_A_CALL_MS = [300, 1500, 5000]; // the engine's writer closes the call a breath after its end

const EVERY_MS = 60000;

/** *Mi día*: counts as they are, times to the minute. */
function drawToday(today) {
  const element = document.getElementById("today");
  for (const [name, value] of Object.entries(today)) {
    part(element, name).textContent = value === null ? "—" : name.endsWith("_ms") ? span(value, name) : String(value);
  }
  element.dataset.missed = String(today.missed > 0);
  element.hidden = false;
}

function span(ms, name) {
  if (name === "mean_talk_ms") return duration(ms);
  const minutes = Math.floor(ms / 60000);
  return minutes < 60 ? say("today.minutes", { minutes }) : say("today.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

export class Recent {
  /** `open(call)`: the agent wants to read or note something about a call; `dial(number)`: to call them. */
  constructor(drafts, open, dial) {
    this.dial = dial;
    this.drafts = drafts;
    this.open = open;
    this.element = document.getElementById("recent");
    this.list = part(this.element, "list");
    this.asked = 0;
    // The day goes on without calls too.
    setInterval(() => document.hidden || document.getElementById("idle").hidden || this.refresh(), EVERY_MS);
  }

  async refresh() {
    const mine = (this.asked += 1);
    const { status, body } = await get(data.urls.recent);
    if (mine !== this.asked) return;
    part(this.element, "failed").hidden = status === 200;
    this.element.setAttribute("aria-busy", "false");
    if (status !== 200) return;
    data.dispositions = body.dispositions;
    drawToday(body.today);
    this.list.replaceChildren(...body.calls.map((call) => this.#row(call)));
    part(this.element, "empty").hidden = body.calls.length > 0;
  }

  refreshSoon() {
    for (const wait of AFTER_A_CALL_MS) setTimeout(() => this.refresh(), wait);
  }

  /** The number, as a button that calls it where the agent may. */
  #number(call, shown) {
    if (!call.number || !data.mayDial) return make("span", { className: "digits" }, shown);
    const words = shown || say("recent.call");
    const button = make("button", { type: "button", className: "digits dials", "aria-label": say("recent.call_of", { who: grouped(call.number) }) }, words);
    button.onclick = () => this.dial(call.number, call.call_center_id);
    return button;
  }

  #row(call) {
    const who = call.name || grouped(call.number) || say("hidden_number");
    const number = call.name ? grouped(call.number) : "";
    const outcome = say(`mine.${call.outcome}`);
    const noted = call.draft || this.drafts.has(call.call_id)
      ? make("span", { className: "tag tag-draft" }, say("recent.draft"))
      : call.disposition
        ? make("span", { className: "tag" }, call.disposition)
        : null;
    const button = make(
      "button",
      { type: "button", className: "quiet", "aria-label": say("recent.open_of", { who }) },
      say("recent.open"),
    );
    button.onclick = () => this.open(call);
    const row = make(
      "li",
      { "data-outcome": call.outcome, "data-call-id": call.call_id },
      make("span", { className: "mark", "aria-hidden": "true" }),
      make("div", { className: "recent-who" }, make("strong", {}, who), this.#number(call, number)),
      make("div", { className: "recent-center" }, make("span", { className: "swatch" }), call.call_center || "—"),
      make(
        "div",
        { className: "recent-how" },
        make("span", { className: "outcome" }, outcome),
        call.talk_ms > 0 ? make("span", { className: "digits" }, duration(call.talk_ms)) : null,
      ),
      make("div", { className: "recent-noted" }, noted),
      make("time", { className: "digits" }, moment(call.at, data.language)),
      button,
    );
    row.style.setProperty("--center", safeColor(call.color));
    return row;
  }
}
