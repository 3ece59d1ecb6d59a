/* Whose ticket it is: the contact with their telephone, the field to find one, the call it came from.
 *
 * Owns: the hidden fields `contact` and `call` of the ticket's form. Must not: save.
 */

import { moment } from "./clock.js";
import { grouped } from "./look.js";
import { data, make, part, say } from "./page.js";
import { get, ticketUrl } from "./web.js";

const TYPING_MS = 250;

export class TicketContact {
  /** `actions`: dial(number), openCall(call id), changed(contact), null: none. */
  constructor(form, actions) {
    this.form = form;
    this.actions = actions;
    this.part = (name) => part(form, name);
    this.known = new Map(); // contacts by id, as text
    this.typing = 0;
    const words = this.part("pick-words");
    words.id = `pick-${crypto.randomUUID?.() ?? Math.random()}`;
    this.part("pick-label").htmlFor = words.id;
    words.oninput = () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.#find(), TYPING_MS);
    };
    words.onkeydown = (event) => {
      if (event.key === "Enter") event.preventDefault();
    };
  }

  know(contact) {
    if (contact !== null && contact !== undefined) this.known.set(String(contact.id), contact);
  }

  /** What the form's hidden fields say. `call` is the ticket's, when it is known. */
  draw(call) {
    const id = this.form.elements.contact.value;
    this.part("pick").hidden = id !== "";
    this.part("contact").hidden = id === "";
    if (id !== "") this.part("contact").replaceChildren(...this.#card(this.known.get(id) ?? { id, name: "", phone: "" }));
    this.#drawCall(call);
  }

  #card({ name, phone, email, company }) {
    const number = grouped(phone);
    const dials = phone && data.mayDial;
    const words = dials
      ? make("button", { type: "button", className: "quiet digits", "aria-label": say("recent.call_of", { who: name || number }) }, say("recent.call"), " ", number)
      : number === "" ? "" : make("span", { className: "digits" }, number);
    if (dials) words.onclick = () => this.actions.dial(phone);
    const other = make("button", { type: "button", className: "tool wide" }, say("tickets.other_contact"));
    other.onclick = () => {
      this.form.elements.contact.value = "";
      this.draw();
      this.actions.changed(null);
      this.part("pick-words").focus();
    };
    return [
      make("p", {}, make("strong", {}, name || number || say("tickets.no_name"))),
      company || email ? make("p", { className: "about" }, [company, email].filter(Boolean).join(" · ")) : "",
      make("p", { className: "contact-tools" }, words, other),
    ];
  }

  #drawCall(call) {
    if (call === undefined) return;
    const line = this.part("call");
    line.hidden = call === null;
    if (call === null) return;
    const words = call.at === null ? say("tickets.of_this_call") : say("tickets.of_call", { when: moment(call.at, data.language), center: call.call_center || "—" });
    if (!call.mine) return line.replaceChildren(words);
    const button = make("button", { type: "button", className: "dials" }, words);
    button.onclick = () => this.actions.openCall(call.call_id);
    line.replaceChildren(button);
  }

  async #find() {
    const asked = this.part("pick-words").value.trim();
    const list = this.part("found");
    if (asked.length < 2) return list.replaceChildren();
    const { status, body } = await get(ticketUrl("contacts", `?q=${encodeURIComponent(asked)}`));
    if (this.part("pick-words").value.trim() !== asked) return;
    if (status !== 200) return list.replaceChildren(make("li", { className: "none" }, say("tickets.contacts_unread")));
    if (body.contacts.length === 0) return list.replaceChildren(make("li", { className: "none" }, say("tickets.no_contact")));
    list.replaceChildren(...body.contacts.map((contact) => this.#choice(contact)));
  }

  #choice(contact) {
    const button = make("button", { type: "button" }, make("b", {}, contact.name || say("tickets.no_name")), " ", make("span", { className: "digits" }, grouped(contact.phone)));
    button.onclick = () => {
      this.known.set(String(contact.id), contact);
      this.form.elements.contact.value = String(contact.id);
      this.part("pick-words").value = "";
      this.part("found").replaceChildren();
      this.draw();
      this.actions.changed(contact);
      part(this.form, "contact").querySelector("button")?.focus();
    };
    return make("li", {}, button);
  }
}
