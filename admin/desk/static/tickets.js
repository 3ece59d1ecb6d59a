/* The room of tickets: those that wait for the agent.
 *
 * Owns: the list. Must not: know calls or the socket.
 */

import { moment } from "./clock.js";
import { data, make, part, say } from "./page.js";
import { get } from "./web.js";

export class Tickets {
  name = "tickets";

  constructor(rooms) {
    this.rooms = rooms;
    this.element = document.querySelector('[data-room="tickets"]');
    this.list = part(this.element, "list");
    this.asked = 0;
  }

  show() {
    this.refresh();
  }

  /** News: some ticket changed. */
  hear() {
    this.refresh();
  }

  async refresh() {
    const mine = (this.asked += 1);
    const { status, body } = await get(data.urls.tickets);
    if (mine !== this.asked) return;
    this.element.setAttribute("aria-busy", "false");
    part(this.element, "failed").hidden = status === 200;
    if (status !== 200) return;
    this.rooms.badge(this.name, body.waiting, say("tickets.waiting", { count: body.waiting }));
    part(this.element, "empty").hidden = body.tickets.length > 0;
    this.list.replaceChildren(...body.tickets.map(row));
  }
}

function row(ticket) {
  const due = ticket.due_at === null ? null : moment(ticket.due_at, data.language);
  return make(
    "li",
    { "data-ticket": String(ticket.id), "data-priority": ticket.priority, "data-overdue": String(ticket.overdue) },
    make("strong", {}, ticket.subject),
    make("span", { className: "tag" }, say(`ticket.${ticket.state}`)),
    make("span", { className: "priority" }, say(`priority.${ticket.priority}`)),
    due === null ? make("span", {}) : make("span", { className: "due" }, say(ticket.overdue ? "tickets.overdue" : "tickets.due", { when: due })),
  );
}
