/* The chat of SMS: threads on one side, one of them on the other. The desk's room and the administrators' page are both this.
 *
 * Owns: which thread is open, what is asked of the server and when. Must not: know the socket or the page around it.
 */

import { Composer } from "./chat-composer.js";
import { Bubbles } from "./chat-thread.js";
import { moment } from "./clock.js";
import { safeColor } from "./look.js";
import { data, make, part, say } from "./page.js";
import { get, post } from "./web.js";

const TYPING_MS = 250;
const GATHER_MS = 120;

export class Chat {
  /** `opened(rest)`: somebody went to another thread, "" none; `moved(rest)`: what is open has this address from now on;
   * `counted(n)`: so many threads have something new; `dial(number, call center)`: null where nobody is called. */
  constructor(root, { opened, moved, counted = () => {}, dial = null }) {
    this.root = root;
    this.opened = opened;
    this.moved = moved;
    this.counted = counted;
    this.dial = dial;
    this.part = (name) => part(root, name);
    this.threads = new Map();
    this.more = false;
    this.open = null; // {rest, thread, begin, detail}
    this.inSight = false;
    this.asked = { list: 0, thread: 0 };
    this.bubbles = new Bubbles(root, (message, button) => this.#again(message, button));
    this.composer = new Composer(root, {
      agent: data.agent.id,
      send: (message) => this.#send(message),
      sent: (body) => this.#sent(body),
    });
    this.#wire();
  }

  #wire() {
    const search = this.part("search");
    search.onsubmit = (event) => event.preventDefault();
    search.elements.q.oninput = () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.refresh(), TYPING_MS);
    };
    search.elements.unread.onchange = () => this.refresh();
    const begin = this.part("begin");
    begin.onsubmit = (event) => {
      event.preventDefault();
      const number = begin.elements.number.value.trim();
      if (number !== "") this.#go(`with/${number}`);
    };
    this.part("more").onclick = () => this.#older();
    this.part("earlier").onclick = () => this.#earlier();
    this.part("back").onclick = () => this.#go("");
    this.part("opt-out").onclick = () => this.#optOut();
    this.part("threads").onkeydown = (event) => this.#arrow(event);
    document.addEventListener("visibilitychange", () => this.#read());
  }

  // ------------------------------------------------------------ from the page around
  /** `rest` of the address: "", a thread's number, or "with/<phone>" and perhaps "/<call center>". */
  show(rest) {
    this.inSight = true;
    if (this.open?.rest !== rest) this.#show(rest);
    else this.#read();
    this.refresh();
  }

  hide() {
    this.inSight = false;
  }

  /** Something changed: in `thread`, or anywhere. Several at once are asked for once. */
  hear({ thread = null } = {}) {
    if (thread === null || thread === this.open?.thread) this.reload = true;
    clearTimeout(this.gathering);
    this.gathering = setTimeout(() => {
      this.refresh();
      if (this.reload) this.#load();
      this.reload = false;
    }, GATHER_MS);
  }

  // ------------------------------------------------------------ the threads
  async refresh() {
    const mine = (this.asked.list += 1);
    const { status, body } = await get(this.#listUrl());
    if (mine !== this.asked.list) return;
    this.root.setAttribute("aria-busy", "false");
    this.part("list-failed").hidden = status === 200;
    if (status !== 200) return;
    this.counted(body.unread);
    // Whoever opened older pages keeps them; what moved up is at the top.
    this.threads = new Map(body.threads.map((row) => [row.id, row]));
    this.more = body.more;
    this.#drawList();
    this.#read();
  }

  async #older() {
    const last = [...this.threads.values()].at(-1);
    const { status, body } = await get(`${this.#listUrl()}&before=${last.at}.${last.id}`);
    if (status !== 200) return;
    for (const row of body.threads) this.threads.set(row.id, row);
    this.more = body.more;
    this.#drawList();
  }

  #listUrl() {
    const { q, unread } = this.part("search").elements;
    return `${data.urls.messages}?${new URLSearchParams({ q: q.value.trim(), unread: unread.checked ? "1" : "" })}`;
  }

  #drawList() {
    const rows = [...this.threads.values()];
    const focused = document.activeElement?.closest?.("[data-thread]")?.dataset.thread;
    this.part("threads").replaceChildren(...rows.map((row) => this.#row(row)));
    if (focused !== undefined) this.root.querySelector(`[data-thread="${focused}"] a`)?.focus({ preventScroll: true });
    this.part("more").hidden = !this.more;
    const { q, unread } = this.part("search").elements;
    const narrowed = q.value.trim() !== "" || unread.checked;
    this.part("empty").hidden = rows.length > 0;
    this.part("empty").textContent = say(narrowed ? "chat.nothing_found" : "chat.empty");
  }

  #row(row) {
    const here = row.id === this.open?.thread;
    const link = make(
      "a",
      { href: this.#href(String(row.id)), "aria-current": here ? "true" : null },
      make("span", { className: "chat-row-head" }, make("b", {}, row.name || row.shown), make("time", {}, moment(row.at, data.language, Date.now(), data.timezone))),
      make(
        "span",
        { className: "chat-row-text" },
        make("span", {}, row.mine ? say("chat.you", { text: row.text }) : row.text || "…"),
        row.unread > 0
          ? make("span", { className: "chat-unread" }, String(row.unread), make("span", { className: "unseen sr-only" }, ` ${say("chat.unread")}`))
          : null,
      ),
      row.center === null ? null : make("span", { className: "chat-row-center" }, swatch(row.center.color), row.center.name),
    );
    link.onclick = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#go(String(row.id));
    };
    return make("li", { "data-thread": String(row.id), "data-new": String(row.unread > 0) }, link);
  }

  #href(rest) {
    return this.root.dataset.href + rest;
  }

  /** The arrows go from thread to thread. */
  #arrow(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const links = [...this.part("threads").querySelectorAll("a")];
    links[links.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  }

  // ------------------------------------------------------------ one thread
  #go(rest) {
    this.#show(rest);
    this.opened(rest);
  }

  async #show(rest) {
    this.bubbles.clear();
    const thread = /^\d+$/.test(rest) ? Number(rest) : null;
    this.open = rest === "" ? null : { rest, thread, begin: null };
    this.root.dataset.open = rest === "" ? "list" : "thread";
    this.#frame(null);
    this.#drawList();
    if (thread !== null) await this.#load(true);
    else if (rest !== "") await this.#begin(rest);
  }

  async #begin(rest) {
    const [, number, center = ""] = rest.split("/");
    const mine = (this.asked.thread += 1);
    const { status, body } = await get(`${data.urls.messages}/with?${new URLSearchParams({ number, center })}`);
    if (mine !== this.asked.thread || this.open?.rest !== rest) return;
    if (status !== 200) {
      this.#fail(body.message ?? say("chat.not_read"));
      return;
    }
    if (body.thread !== null) {
      this.#moveTo(body.thread);
      return;
    }
    this.open.begin = body.begin;
    this.#frame({ ...body, thread: body.begin });
    this.composer.focus();
  }

  /** What is new in the open thread. */
  async #load(fresh = false) {
    const { thread } = this.open ?? {};
    if (!thread) return;
    const mine = (this.asked.thread += 1);
    const { status, body } = await get(`${data.urls.messages}/${thread}`);
    if (mine !== this.asked.thread || this.open?.thread !== thread) return;
    if (status !== 200) {
      if (fresh) this.#fail(say(status === 404 ? "chat.gone" : "chat.not_read"));
      return;
    }
    this.#frame(body);
    this.bubbles.draw(body.messages);
    if (fresh) {
      this.part("earlier").hidden = !body.more;
      this.composer.focus();
    }
    this.#read();
  }

  async #earlier() {
    const { thread } = this.open;
    const first = Math.min(...this.bubbles.shown.keys());
    const { status, body } = await get(`${data.urls.messages}/${thread}?before=${first}`);
    if (status !== 200 || this.open?.thread !== thread) return;
    this.part("earlier").hidden = !body.more;
    this.bubbles.draw(body.messages);
  }

  /** Before somebody's eyes: it is new to nobody any more. */
  async #read() {
    const row = this.threads.get(this.open?.thread);
    if (!this.inSight || document.hidden || !row || row.unread === 0) return;
    row.unread = 0;
    this.#drawList();
    const { status } = await post(`${data.urls.messages}/${row.id}/read`, {});
    if (status === 200) this.refresh(); // a list that was asked for before does not know it
  }

  /** Head, banner and composer of what is open; null: of nothing yet. */
  #frame(told) {
    const shown = told !== null;
    this.part("nothing").hidden = this.open !== null;
    this.part("thread").hidden = this.open === null;
    this.part("loading").hidden = shown || this.open === null;
    this.part("failed").hidden = true;
    for (const name of ["head", "composer", "scroll"]) this.part(name).hidden = !shown;
    this.part("banner").hidden = true;
    if (!shown) {
      this.part("earlier").hidden = true;
      return;
    }
    const { thread } = told;
    this.part("name").textContent = thread.name || thread.shown;
    const about = [thread.name ? thread.shown : "", thread.company].filter(Boolean).join(" · ");
    this.part("about").textContent = about;
    const center = this.part("center");
    center.replaceChildren(
      ...(thread.center ? [swatch(thread.center.color), thread.center.name] : []),
      make("span", { className: "chat-ours" }, thread.ours ? ` ${say("chat.by", { number: thread.ours_shown })}` : ""),
    );
    this.part("do-not-call").hidden = !told.do_not_call;
    // A name may have written instead of a number.
    this.part("call").hidden = this.dial === null || !/^\+?\d{3,}$/.test(thread.number);
    this.part("call").onclick = () => this.dial(thread.number, thread.center?.id ?? null);
    if (this.dial !== null) this.part("call").ariaLabel = say("recent.call_of", { who: thread.name || thread.shown });
    this.part("opt-out").hidden = told.opted_out !== null || this.open.thread === null;
    const why = closed(told);
    this.part("banner").hidden = why === "";
    this.part("banner").textContent = why;
    const place = this.open.thread === null ? `with.${thread.number}` : String(this.open.thread);
    this.composer.show(place, { templates: told.templates, numbers: told.numbers, why });
  }

  #fail(words) {
    this.part("loading").hidden = true;
    this.part("failed").hidden = false;
    this.part("failed").textContent = words;
  }

  // ------------------------------------------------------------ writing
  #send({ key, text, ours }) {
    const { thread, begin } = this.open;
    if (thread !== null) return post(`${data.urls.messages}/${thread}/send`, { key, text });
    return post(`${data.urls.messages}/begin`, { key, text, number: begin.number, ours: ours || begin.ours });
  }

  #sent({ thread, message }) {
    if (this.open?.thread === thread) this.bubbles.draw([message]);
    else this.#moveTo(thread);
    this.refresh();
  }

  #moveTo(thread) {
    this.#show(String(thread));
    this.moved(String(thread));
  }

  async #again(message, button) {
    button.disabled = true;
    const { status, body } = await post(`${data.urls.messages}/${this.open.thread}/again/${message.id}`, {});
    if (status !== 200) {
      button.disabled = false;
      button.after(make("span", { className: "chat-why", role: "alert" }, body.message ?? say("chat.not_sent")));
      return;
    }
    this.#load();
  }

  async #optOut() {
    const dialog = this.part("sure");
    dialog.returnValue = "";
    dialog.showModal();
    const answer = await new Promise((resolve) =>
      dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }),
    );
    if (answer !== "yes") return;
    await post(`${data.urls.messages}/${this.open.thread}/opt-out`, {});
    this.#load();
  }
}

/** Why nobody may write here; "": they may. */
function closed({ opted_out: opted, carried }) {
  if (opted !== null) {
    const since = moment(opted.at, data.language, Date.now(), data.timezone);
    return opted.word ? say("chat.opted_out", { since, word: opted.word }) : say("chat.opted_out_by_hand", { since });
  }
  return carried ? "" : say("chat.not_carried");
}

function swatch(color) {
  const element = make("span", { className: "chat-swatch", "aria-hidden": "true" });
  element.style.setProperty("--center", safeColor(color));
  return element;
}
