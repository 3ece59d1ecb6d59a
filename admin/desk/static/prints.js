/* The agent's own prints at the foot of the page: queued, printed, or waiting for a word.
 *
 * Owns: the list, and asking how it is while something is under way. Must not: know calls or what is printed.
 *
 * States, reasons and what may be done come in words from the server; each button says which state it was made for.
 */

import { data, make, part, say, toast } from "./page.js";
import { get, post } from "./web.js";

const SOON_MS = 1500; // while a state changes by itself
const AFTER_A_CALL_MS = [1000, 3000, 6000];
const LATER_MS = 20000; // while a person is waited for: another tab, a supervisor may decide

const NEXT = ["abrir", "reintentar"]; // what is wanted next; whether a slip came out nobody should answer in a hurry

export class Prints {
  constructor() {
    this.element = document.getElementById("prints");
    this.list = part(this.element, "list");
    this.asked = 0;
    this.timer = null;
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  async refresh() {
    clearTimeout(this.timer);
    const mine = (this.asked += 1);
    const { status, body } = await get(data.urls.prints);
    if (mine !== this.asked) return;
    if (status === 200) this.#draw(body.jobs);
    const jobs = status === 200 ? body.jobs : [];
    const wait = jobs.some((job) => job.unfinished) ? SOON_MS : jobs.length > 0 || status !== 200 ? LATER_MS : null;
    if (wait !== null && !document.hidden) this.timer = setTimeout(() => this.refresh(), wait);
  }

  /** A call is over: what waited for its end is printed a breath later. */
  refreshSoon() {
    for (const wait of AFTER_A_CALL_MS) setTimeout(() => this.refresh(), wait);
  }

  /** Asks for the result of a call on paper. True when it is queued. */
  async printCall(callId) {
    const { status } = await post(`${data.urls.prints}/calls/${encodeURIComponent(callId)}`, { nonce: nonce() });
    if (status === 200) {
      await this.refresh();
      return true;
    }
    toast(refusal(status), "bad");
    return false;
  }

  #draw(jobs) {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.id : "";
    const known = new Map([...this.list.children].map((row) => [row.dataset.job, row]));
    this.list.replaceChildren(
      ...jobs.map((job) => {
        const drawn = known.get(String(job.id));
        return drawn?.dataset.turn === String(job.turn) && drawn.dataset.said === said(job) ? drawn : this.#row(job);
      }),
    );
    this.element.hidden = jobs.length === 0;
    if (focused) document.getElementById(focused)?.focus();
  }

  #row(job) {
    const buttons = job.acts.map(({ act, words }, at) => {
      const isNext = at === 0 && NEXT.includes(act);
      const button = make("button", { type: "button", className: isNext ? "solid" : "quiet", id: `print-${job.id}-${act}` }, words);
      button.onclick = () => this.#decide(job, act, button);
      return button;
    });
    const link = job.sheet !== null && job.acts.some(({ act }) => act === "impresa");
    return make(
      "li",
      { "data-job": String(job.id), "data-turn": String(job.turn), "data-said": said(job), "data-tone": job.tone },
      make(
        "div",
        { className: "print-what" },
        make("p", {}, make("strong", {}, job.title), " · ", make("span", { className: "print-where" }, job.printer)),
        make("p", {}, make("span", { className: "print-state" }, job.state), job.reason ? ` · ${job.reason}` : null),
        link ? make("a", { href: job.sheet, target: "_blank", rel: "noopener" }, say("print.open")) : null,
      ),
      buttons.length > 0 ? make("div", { className: "print-acts" }, ...buttons) : null,
    );
  }

  async #decide(job, act, button) {
    // A window opens by a click alone, not by an answer that comes after it.
    const tab = act === "abrir" ? open("", "_blank") : null;
    for (const each of button.parentElement.children) each.disabled = true;
    const { status, body } = await post(`${data.urls.prints}/${job.id}/${act}`, { turn: job.turn });
    if (status === 200 && tab !== null) tab.location.replace(`${body.job.sheet}?ahora=1`);
    else tab?.close();
    if (status === 409) toast(say("print.changed"));
    else if (status !== 200) toast(refusal(status), "bad");
    for (const each of button.parentElement?.children ?? []) each.disabled = false;
    await this.refresh();
  }
}

function refusal(status) {
  if (status === 401) return say("save.login");
  if (status === 403) return say("save.forbidden");
  return status === 409 ? say("print.not_yet") : say("print.not_sent");
}

/** What a row shows, so that it is drawn again only when that is something else. */
function said(job) {
  return JSON.stringify([job.title, job.printer, job.state, job.reason]);
}

/** The key of one wish: however often it is sent, it is one print. */
function nonce() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
