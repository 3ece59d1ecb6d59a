/* The room of tickets: the list, one ticket, a new one; what the engine tells of them.
 *
 * Owns: which of them is shown, the badge, news. Must not: know calls or the socket.
 *
 * Addresses: #tickets, #tickets/12, #tickets/new, #tickets/new/<call id>.
 */

import { data, part, say, toast } from "./page.js";
import { TicketList } from "./ticket-list.js";
import { TicketView } from "./ticket-view.js";
import { get, ticketUrl } from "./web.js";

const NEW = "new";
const TOGETHER_MS = 300; // news that come together are read together, and not by all desks at the same moment

export class Tickets {
  name = "tickets";

  /** `actions`: dial(number), openCall(call id). `listeners` are told of news: () => void. */
  constructor(rooms, drafts, actions) {
    this.rooms = rooms;
    this.drafts = drafts;
    this.actions = actions;
    this.listeners = new Set();
    this.element = document.querySelector('[data-room="tickets"]');
    this.listPage = part(this.element, "list-page");
    this.onePage = part(this.element, "one");
    this.list = new TicketList(this.listPage, drafts, (waiting) => this.#count(waiting));
    this.view = null;
    this.soon = 0;
  }

  // ---------------------------------------------------------------- the room
  show(rest) {
    const [first, ...more] = rest.split("/");
    const isList = rest === "";
    this.listPage.hidden = !isList;
    this.onePage.hidden = isList;
    if (isList) {
      this.#leave();
      this.list.refresh();
    } else if (this.view?.rest === rest) {
      this.view.setInSight(true);
    } else {
      this.#leave();
      this.view = new TicketView(rest, first === NEW ? { call: more.join("/") } : { id: first }, {
        drafts: this.drafts,
        dial: this.actions.dial,
        openCall: this.actions.openCall,
        created: (id) => this.#created(id),
        count: (waiting) => this.#count(waiting),
      });
      this.onePage.replaceChildren(this.view.root);
      this.view.open();
    }
  }

  /** A ticket that is open stays as it is: its address leads back to it. */
  hide() {
    this.view?.setInSight(false);
  }

  /** A new ticket about a call: contact and call are filled. */
  newFor(pop) {
    const name = `ticket.new.${pop.call_id}`;
    const { card } = pop;
    if (!this.drafts.has(name) && card !== null) {
      this.drafts.keep(name, { contact: String(card.contact_id), contact_name: card.name || card.phone });
    }
    this.rooms.go(this.name, `${NEW}/${pop.call_id}`);
  }

  /** Ctrl+Enter in one of the room's forms: was there one? */
  submit() {
    const form = document.activeElement?.closest?.("form");
    if (!this.rooms.isShown(this.name) || !this.onePage.contains(form ?? null)) return false;
    form.requestSubmit();
    return true;
  }

  /** Another tab typed in this draft. */
  follow(draft) {
    this.view?.follow(draft);
  }

  #leave() {
    this.view?.close();
    this.view = null;
    this.onePage.replaceChildren();
  }

  #created(id) {
    this.rooms.settle(String(id)); // the back button does not lead to an empty form
    this.show(String(id));
  }

  #count(waiting) {
    if (waiting !== undefined) this.rooms.badge(this.name, waiting, say("tickets.waiting", { count: waiting }));
  }

  // ---------------------------------------------------------------- news
  /** Everything that is shown is read anew: after a welcome nobody knows what was missed. */
  async refresh() {
    for (const listener of this.listeners) listener();
    this.view?.refresh();
    if (this.rooms.isShown(this.name) && this.view === null) return this.list.refresh();
    const { status, body } = await get(ticketUrl("waiting"));
    if (status === 200) this.#count(body.waiting);
  }

  hear(about) {
    const mine = about.by === data.agent.id;
    if (about.what === "due") this.#tell(about.ticket, "tickets.fell_due", "bad");
    else if (about.given === data.agent.id && !mine) this.#tell(about.ticket, "tickets.given", "info");
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refresh(), TOGETHER_MS * (1 + Math.random()));
  }

  async #tell(id, words, kind) {
    const { status, body } = await get(ticketUrl(id));
    if (status === 200) toast(say(words, { subject: body.ticket.fields.subject }), kind);
  }
}
