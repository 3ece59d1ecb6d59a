/* The files of one field of a form: from the agent's disk, or out of *Adjuntos*. They lie on the server at once.
 *
 * Owns: the list, the bar of what is on its way. Must not: know the form's other fields.
 */

import { chooseDocument } from "./documents.js";
import { fileSize } from "./look.js";
import { data, make, say } from "./page.js";
import { callUrl, fileUrl, post, uploadWatched } from "./web.js";

export class FileField {
  isKept = false; // the server has them

  constructor(key, field, id, sheet) {
    this.key = key;
    this.name = field.key;
    this.sheet = sheet;
    this.files = [];
    this.list = make("ul", { className: "files" });
    this.input = make("input", { type: "file", id, multiple: true, className: "unseen", "aria-describedby": `${id}-error` });
    this.input.onchange = () => this.#send([...this.input.files]);
    const pick = make("button", { type: "button", className: "quiet", "aria-describedby": `${id}-error` }, say("file.pick"));
    pick.onclick = () => this.input.click();
    const shared = make("button", { type: "button", className: "quiet" }, say("file.shared"));
    shared.onclick = () => this.#choose();
    this.pick = pick;
    this.input.tabIndex = -1;
    this.node = make("div", { className: "file-field" }, this.list, make("p", { className: "file-ways" }, pick, shared), this.input);
    this.node.ondragover = (event) => event.preventDefault();
    this.node.ondrop = (event) => {
      event.preventDefault();
      this.#send([...event.dataTransfer.files]);
    };
  }

  /** All of the form's files, as the server has them. */
  know(files) {
    this.files = files.filter(({ field }) => field === this.name);
    this.#draw();
  }

  /** The ids of those that are saved. */
  saved() {
    return this.files.filter((file) => file.saved).map((file) => String(file.id));
  }

  read() {
    return this.files.filter((file) => !file.leaves).map((file) => String(file.id));
  }

  write() {} // they are what they are

  focus() {
    this.pick.focus();
  }

  // ---------------------------------------------------------------- coming and going
  #send(files) {
    this.input.value = "";
    this.showError(null);
    for (const file of files) this.#upload(file);
  }

  async #upload(file) {
    if (file.size > data.maxFile) return this.showError(say("file.too_large", { name: file.name, maximum: fileSize(data.maxFile, data.language) }));
    const bar = make("progress", { max: 1, value: 0, "aria-label": file.name });
    const stop = make("button", { type: "button", className: "quiet file-remove" }, say("file.stop"));
    const row = make("li", { className: "is-coming" }, make("span", { className: "file-name" }, file.name), bar, stop);
    this.list.append(row);
    const form = this.#content();
    form.append("file", file);
    const sending = uploadWatched(this.#url(), form, (share) => {
      bar.value = share;
    });
    let stopped = false;
    stop.onclick = () => {
      stopped = true;
      sending.abort();
    };
    const answer = await sending.answer;
    row.remove();
    if (!stopped) this.#arrived(answer, file.name);
  }

  async #choose() {
    const id = await chooseDocument();
    this.pick.focus();
    if (id === null) return;
    this.showError(null);
    const form = this.#content();
    form.append("attachment", String(id));
    this.#arrived(await uploadWatched(this.#url(), form, () => {}).answer, "");
  }

  #url() {
    return callUrl(this.sheet.notes.callId, "files");
  }

  #content() {
    const form = new FormData();
    form.append("version", String(this.sheet.version));
    form.append("field", this.name);
    return form;
  }

  #arrived({ status, body }, name) {
    if (status === 201) {
      this.files.push(body);
      this.#draw();
      this.sheet.notes.onChange();
    } else {
      this.showError(body.message ?? say(status === 409 ? "file.not_yet" : status === 413 ? "file.too_large_for" : "file.failed", { name }));
    }
    this.sheet.refresh();
  }

  async #change(file, content) {
    const { status } = await post(fileUrl(file.id), content);
    if (status !== 204 && status !== 404) return this.showError(say("file.failed", { name: file.name }));
    if (!file.saved) this.files = this.files.filter((one) => one !== file);
    else file.leaves = !content.keep;
    this.#draw();
    this.sheet.refresh();
    this.sheet.notes.onChange();
  }

  #draw() {
    const coming = [...this.list.querySelectorAll(".is-coming")];
    this.list.replaceChildren(...this.files.map((file) => this.#row(file)), ...coming);
  }

  #row(file) {
    const link = make("a", { href: fileUrl(file.id), className: "file-name", download: "" }, file.name);
    const word = file.leaves ? "file.keep" : "file.remove";
    const button = make("button", { type: "button", className: "quiet file-remove", "aria-label": say(`${word}_of`, { name: file.name }) }, say(word));
    button.onclick = () => this.#change(file, file.leaves ? { keep: true } : {});
    const about = [file.shared ? say("file.from_shared") : "", fileSize(file.size, data.language), file.leaves ? say("file.leaves") : ""];
    return make(
      "li",
      { className: file.leaves ? "leaves" : "" },
      link,
      make("span", { className: "file-about" }, about.filter(Boolean).join(" · ")),
      button,
    );
  }
}
