/* The open tickets of who calls, in the card of the call: how many, the most pressing, and the way to a new one.
 *
 * Owns: that part of a pop. Must not: know the call.
 */

import { part, say } from "./page.js";
import { ticketRow } from "./ticket-list.js";
import { get, ticketUrl } from "./web.js";

export class CallerTickets {
  /** `openNew()`: a new ticket about this call. */
  constructor(element, openNew) {
    this.part = (name) => part(element, name);
    this.contactId = null;
    this.part("new-ticket").onclick = openNew;
    this.#draw({ tickets: [], count: 0, others: 0 });
  }

  know(contactId) {
    if (contactId === this.contactId) return;
    this.contactId = contactId;
    this.refresh();
  }

  async refresh() {
    const { contactId } = this;
    if (contactId === null) return;
    const { status, body } = await get(ticketUrl("of-contact", `/${contactId}`));
    if (status === 200 && contactId === this.contactId) this.#draw(body);
  }

  #draw({ tickets, count, others }) {
    this.part("tickets-count").textContent = String(count);
    this.part("tickets-list").replaceChildren(...tickets.map((ticket) => ticketRow(ticket)));
    this.part("tickets-others").hidden = others === 0;
    this.part("tickets-others").textContent = say("tickets.others", { count: others });
  }
}
