/* The thread of a ticket: what was said, by whom and when, and the field for one more.
 *
 * Owns: the list of messages, the unsent one. Must not: know the rest of the ticket: each answer goes to `changed(body)`.
 */

import { moment } from "./clock.js";
import { DraftForm } from "./draft-form.js";
import { data, make, part, say, toast } from "./page.js";
import { newKey, post, ticketUrl } from "./web.js";

export class TicketThread {
  /** `all()`: the agent wants the earlier messages, too. */
  constructor(element, id, drafts, { changed, all }) {
    this.id = id;
    this.part = (name) => part(element, name);
    this.shown = "";
    this.changed = changed;
    const form = this.part("say");
    this.draft = new DraftForm(form, ["message"], `ticket.${id}.message`, drafts, () => this.#drawFoot());
    this.draft.restore();
    this.key = drafts.of(this.draft.draftId).key ?? null;
    form.addEventListener("input", () => this.#name(null), { capture: true }); // another text is another message
    this.#drawFoot();
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#send(form);
    };
    this.part("earlier").onclick = all;
  }

  draw({ thread, earlier }) {
    this.part("earlier").hidden = earlier === 0;
    this.part("earlier").textContent = say("tickets.earlier", { count: earlier });
    this.part("no-messages").hidden = thread.length > 0;
    const now = JSON.stringify(thread);
    if (now === this.shown) return;
    this.shown = now;
    const list = this.part("thread");
    const known = new Map([...list.children].map((item) => [item.dataset.message, item]));
    list.replaceChildren(...thread.map((message) => known.get(String(message.id)) ?? line(message)));
  }

  async #send(form) {
    if (this.draft.busy) return;
    const text = form.elements.message.value;
    this.draft.busy = true;
    this.#name(this.key ?? newKey());
    this.draft.keep();
    const { key } = this;
    const { status, body } = await post(ticketUrl(this.id, "/messages"), { text, internal: form.elements.internal.value === "yes", key });
    this.draft.busy = false;
    this.draft.showErrors(status === 422 ? { message: body.errors.text } : {});
    if (status === 201 || status === 200) {
      if (this.key === key) this.#name(null);
      if (form.elements.message.value === text) this.draft.discard(); // what was typed meanwhile stays
      this.changed(body);
    } else if (status !== 422) {
      toast(say(status === 404 ? "tickets.gone" : status === 401 ? "save.login" : "tickets.offline"), "bad");
    }
    this.#drawFoot();
  }

  /** The key goes with the draft: the page may be loaded again before the answer is known. */
  #name(key) {
    this.key = key;
    this.draft.extra = key === null ? {} : { key };
  }

  #drawFoot() {
    const { message } = this.part("say").elements;
    this.part("send").disabled = this.draft?.busy || message.value.trim() === "";
    this.part("say-draft").textContent = message.value === "" ? "" : say("tickets.kept");
  }
}

function line({ id, author, mine, text, internal, at, documents }) {
  return make(
    "li",
    { "data-message": String(id), className: mine ? "mine" : "" },
    make(
      "p",
      { className: "said-head" },
      make("b", {}, author ?? say("tickets.somebody")),
      make("time", { dateTime: new Date(at).toISOString() }, moment(at, data.language)),
      make("span", { className: internal ? "tag" : "tag tag-contact" }, say(internal ? "tickets.internal" : "tickets.to_contact")),
    ),
    make("p", { className: "said" }, text),
    ...documents.map(({ filename, url }) => make("p", {}, make("a", { href: url, download: filename }, filename))),
  );
}
