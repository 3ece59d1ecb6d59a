/* What hangs at a ticket: documents of *Adjuntos* and files brought from the agent's disk.
 *
 * Owns: the list, the two ways to attach. Must not: know the rest of the ticket: each answer goes to `changed(ticket)`.
 */

import { make, part, say } from "./page.js";
import { post, ticketUrl, upload } from "./web.js";

const MAX_BYTES = 15 * 1024 * 1024;

export class TicketPapers {
  constructor(element, id, changed) {
    this.id = id;
    this.changed = changed;
    this.part = (name) => part(element, name);
    this.error = this.part("attach-error");
    this.part("file").onchange = (event) => this.#bring(event.target);
    this.part("document").onchange = (event) => this.#attach(event.target);
  }

  offer(documents) {
    const select = this.part("document");
    select.replaceChildren(select.options[0], ...documents.map(({ id, filename }) => make("option", { value: String(id) }, filename)));
  }

  draw({ documents, files }) {
    const rows = [
      ...documents.map((one) => this.#row(one, "", () => this.#ask(post(ticketUrl(this.id, "/documents"), { remove: one.id })))),
      ...files.map((one) => this.#row(one, one.author ?? "", one.may_remove ? () => this.#ask(post(`${one.url}/remove`, {})) : null)),
    ];
    this.part("attached").replaceChildren(...rows);
  }

  #row({ filename, size, url }, author, remove) {
    const link = make("a", { href: url, download: filename }, filename);
    const about = make("span", { className: "about digits" }, [bytes(size), author].filter(Boolean).join(" · "));
    const button = remove === null ? null : make("button", { type: "button", className: "tool", "aria-label": say("tickets.detach", { name: filename }), title: say("tickets.detach", { name: filename }) }, "×");
    if (button !== null) button.onclick = remove;
    return make("li", {}, link, about, button);
  }

  async #bring(input) {
    const [file] = input.files;
    input.value = "";
    if (file === undefined) return;
    if (file.size > MAX_BYTES) return this.#refuse(say("tickets.file_too_large"));
    this.part("file-word").textContent = say("tickets.uploading", { name: file.name });
    await this.#ask(upload(ticketUrl(this.id, "/files"), file));
    this.part("file-word").textContent = say("tickets.upload");
  }

  async #attach(select) {
    const id = Number(select.value);
    select.value = "";
    if (id > 0) await this.#ask(post(ticketUrl(this.id, "/documents"), { add: id }));
  }

  async #ask(answer) {
    this.#refuse("");
    const { status, body } = await answer;
    if (status === 200 || status === 201) this.changed(body);
    else this.#refuse(body.errors ? Object.values(body.errors).join(" ") : say("tickets.not_attached"));
  }

  #refuse(text) {
    this.error.textContent = text;
    this.error.hidden = text === "";
  }
}

function bytes(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${Math.round(size / 1000)} KB` : `${(size / 1e6).toFixed(1)} MB`;
}
