/* The list of tickets: filters, rows, pages, and the new tickets that were begun and not sent.
 *
 * Owns: what is asked for, and how a row looks (the card of who calls draws the same). Must not: open a ticket: each row
 * is a link.
 */

import { moment } from "./clock.js";
import { data, make, memory, part, say } from "./page.js";
import { get } from "./web.js";

const ASKED = "centralita.desk.tickets";
const TYPING_MS = 250;

export class TicketList {
  /** `count(waiting)`: how many wait for the agent. */
  constructor(element, drafts, count) {
    this.element = element;
    this.drafts = drafts;
    this.count = count;
    this.part = (name) => part(element, name);
    this.filters = this.part("filters");
    this.page = 1;
    this.asked = 0;
    this.typing = 0;
    this.#restore();
    this.filters.onsubmit = (event) => event.preventDefault();
    this.filters.oninput = () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.#ask(1), TYPING_MS);
    };
    this.part("again").onclick = () => this.refresh();
    this.part("everything").onclick = () => {
      this.filters.reset();
      this.#ask(1);
    };
    this.part("before").onclick = () => this.#ask(this.page - 1);
    this.part("after").onclick = () => this.#ask(this.page + 1);
  }

  async refresh() {
    const mine = (this.asked += 1);
    this.#drawUnsent();
    const wanted = new URLSearchParams([...new FormData(this.filters)].filter(([, value]) => value !== ""));
    wanted.set("page", String(this.page));
    const { status, body } = await get(`${data.urls.tickets}?${wanted}`);
    if (mine !== this.asked) return;
    this.element.parentElement.setAttribute("aria-busy", "false");
    this.part("reading").hidden = true;
    this.part("failed").hidden = status === 200;
    if (status !== 200) return;
    this.count(body.waiting);
    this.page = body.page;
    this.part("list").replaceChildren(...body.tickets.map((ticket) => this.#row(ticket)));
    this.part("empty").hidden = body.total > 0 || this.#isNarrowed();
    this.part("none-found").hidden = body.total > 0 || !this.#isNarrowed();
    this.#drawPages(body);
  }

  #ask(page) {
    this.page = page;
    const kept = Object.fromEntries([...new FormData(this.filters)].filter(([name]) => name !== "q"));
    memory.set(ASKED, JSON.stringify(kept));
    this.refresh();
  }

  #restore() {
    try {
      for (const [name, value] of Object.entries(JSON.parse(memory.get(ASKED) ?? "{}"))) {
        const field = this.filters.elements[name];
        if (field !== undefined) field.value = value;
      }
    } catch {
      // another version's filters: as they come
    }
  }

  #isNarrowed() {
    const { scope, state, priority, q } = this.filters.elements;
    return scope.value !== "all" || state.value !== "unsolved" || priority.value !== "" || q.value.trim() !== "";
  }

  #drawPages({ page, pages, total, tickets }) {
    this.part("pages").hidden = pages < 2;
    this.part("before").disabled = page <= 1;
    this.part("after").disabled = page >= pages;
    const first = (page - 1) * 25 + 1;
    this.part("place").textContent = say("tickets.place", { first, last: first + tickets.length - 1, total });
  }

  /** New tickets with something typed: they are where they were left. */
  #drawUnsent() {
    const begun = this.drafts.beginning("ticket.new").filter(([, values]) => values.subject || values.text);
    this.part("unsent").hidden = begun.length === 0;
    this.part("unsent").replaceChildren(
      ...begun.map(([name, values]) => {
        const call = name.slice("ticket.new".length + 1);
        const href = `#tickets/new${call === "" ? "" : `/${encodeURIComponent(call)}`}`;
        const words = values.subject || values.text;
        return make("li", {}, make("a", { href }, make("span", { className: "tag tag-draft" }, say("tickets.unsent")), " ", words));
      }),
    );
  }

  #row(ticket) {
    const name = `ticket.${ticket.id}`;
    const isBegun = this.drafts.has(name) || this.drafts.has(`${name}.message`);
    const draft = isBegun ? make("span", { className: "tag tag-draft" }, say("tickets.draft")) : null;
    const whose = ticket.agent?.name ?? say(ticket.group === null ? "tickets.nobody" : "tickets.untaken");
    return ticketRow(
      ticket,
      make("span", { className: "row-who" }, ticket.contact ?? ""),
      make("span", { className: "row-whose" }, [ticket.group?.name, whose].filter(Boolean).join(" · "), draft === null ? null : " ", draft),
    );
  }
}

/** A ticket as a line that leads to it; `more` stands between its name and its state. */
export function ticketRow(ticket, ...more) {
  const due = ticket.due_at === null ? null : moment(ticket.due_at, data.language);
  const words = ticket.overdue ? "tickets.overdue" : "tickets.due";
  const link = make(
    "a",
    { href: `#tickets/${ticket.id}` },
    ticket.unread ? make("span", { className: "new-dot", role: "img", "aria-label": say("tickets.unread") }) : null,
    ticket.subject,
  );
  return make(
    "li",
    { "data-ticket": String(ticket.id), "data-priority": ticket.priority, "data-state": ticket.state, "data-overdue": String(ticket.overdue), "data-unread": String(ticket.unread) },
    make("strong", {}, link),
    ...more,
    make("span", { className: "tag" }, say(`ticket.${ticket.state}`)),
    make("span", { className: "priority" }, say(`priority.${ticket.priority}`)),
    make("span", { className: "due" }, due === null ? "" : say(words, { when: due })),
  );
}
