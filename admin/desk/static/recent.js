/* Mis últimas llamadas: the agent's own last calls, read from the history.
 *
 * Owns: the list. Must not: know live calls.
 */

import { duration, moment } from "./clock.js";
import { grouped, safeColor } from "./look.js";
import { data, make, part, say } from "./page.js";
import { get } from "./web.js";

const AFTER_A_CALL_MS = [300, 1500, 5000]; // the engine's writer closes the call a breath after its end

export class Recent {
  /** `open(call)`: the agent wants to read or note something about a call; `dial(number)`: to call them. */
  constructor(drafts, open, dial) {
    this.dial = dial;
    this.drafts = drafts;
    this.open = open;
    this.element = document.getElementById("recent");
    this.list = part(this.element, "list");
    this.asked = 0;
  }

  async refresh() {
    const mine = (this.asked += 1);
    const { status, body } = await get(data.urls.recent);
    if (mine !== this.asked) return;
    part(this.element, "failed").hidden = status === 200;
    this.element.setAttribute("aria-busy", "false");
    if (status !== 200) return;
    data.dispositions = body.dispositions;
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
    button.onclick = () => this.dial(call.number);
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
