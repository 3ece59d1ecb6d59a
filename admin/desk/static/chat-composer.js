/* Where a message is written: the field with its counter, templates, the draft, sending once.
 *
 * Owns: the composer's elements and the draft. Must not: know threads' lists or the socket.
 */

import { memory, part, say } from "./page.js";
import { MOST_PARTS, canBePlain, plain, segments } from "./sms-segments.js";
import { newKey } from "./web.js";

const PREFIX = "centralita.sms-draft.";
const KEPT_MS = 30 * 24 * 3600 * 1000;

export class Composer {
  /** `send({key, text, ours})` gives `{status, body}`; `sent(body)` hears of a success. */
  constructor(root, { agent, send, sent }) {
    this.form = part(root, "composer");
    this.field = this.form.elements.text;
    this.prefix = `${PREFIX}${agent}.`;
    this.send = send;
    this.sent = sent;
    this.place = null;
    this.busy = false;
    this.templates = [];
    tidy();
    this.field.oninput = () => this.#changed();
    this.field.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    };
    part(this.form, "plain").onclick = () => this.write(plain(this.field.value));
    this.form.elements.template.onchange = () => this.#choose();
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
  }

  /** The composer of another thread; `place`: the name of its draft. `why`: why nobody may write here, or "". */
  show(place, { templates, numbers = [], why = "" }) {
    const moved = this.place !== place;
    if (moved) {
      this.place = place;
      const draft = this.#draft();
      this.field.value = draft.text;
      this.key = draft.key;
      this.#tell("");
      this.#numbers(numbers);
    }
    this.why = why;
    if (moved || JSON.stringify(templates) !== JSON.stringify(this.templates)) this.#templates(templates);
    this.#draw();
  }

  /** Into the field, as if it were typed. */
  write(text) {
    this.field.value = text;
    this.#changed();
    this.field.focus();
  }

  focus() {
    if (!this.field.disabled) this.field.focus({ preventScroll: true });
  }

  // ------------------------------------------------------------ inside
  #draft() {
    try {
      const { text, key } = JSON.parse(memory.get(this.prefix + this.place) ?? "{}");
      return { text: text ?? "", key: key ?? null };
    } catch {
      return { text: "", key: null };
    }
  }

  #keep() {
    const name = this.prefix + this.place;
    if (this.field.value === "") memory.remove(name);
    else memory.set(name, JSON.stringify({ at: Date.now(), text: this.field.value, key: this.key }));
  }

  #changed() {
    this.key = null; // another text is another message
    this.#keep();
    this.#tell("");
    this.#draw();
  }

  #numbers(numbers) {
    const select = this.form.elements.ours;
    select.replaceChildren(...numbers.map(({ key, label }) => new Option(label, key)));
    part(this.form, "from").hidden = numbers.length < 2;
  }

  #templates(templates) {
    this.templates = templates;
    const select = this.form.elements.template;
    select.replaceChildren(
      new Option(say("chat.templates"), ""),
      ...templates.map(({ name }, place) => new Option(name, String(place))),
    );
    select.hidden = templates.length === 0;
  }

  #choose() {
    const select = this.form.elements.template;
    const chosen = this.templates[Number(select.value)];
    if (select.value === "" || chosen === undefined) return;
    select.value = "";
    const before = this.field.value.trimEnd();
    this.write(before === "" ? chosen.text : `${before} ${chosen.text}`);
  }

  #draw() {
    const { value } = this.field;
    const { encoding, count, left, odd } = segments(value.trim());
    const open = this.why === "";
    const tooLong = count > MOST_PARTS;
    this.field.disabled = !open;
    this.form.elements.template.disabled = !open;
    part(this.form, "send").disabled = !open || this.busy || value.trim() === "" || tooLong;
    part(this.form, "send-word").textContent = say(this.busy ? "chat.sending" : "chat.send");
    const counter = part(this.form, "counter");
    counter.hidden = value === "" || !open;
    counter.dataset.many = String(count > 1);
    counter.dataset.bad = String(tooLong);
    counter.textContent = say(tooLong ? "chat.too_long" : count === 1 ? "chat.counter_one" : "chat.counter_many", {
      count,
      left,
      most: MOST_PARTS,
    });
    const hint = part(this.form, "hint");
    hint.hidden = encoding === "gsm7" || !open;
    part(this.form, "hint-word").textContent = say("chat.ucs2", { letters: [...odd].slice(0, 6).join(" ") });
    part(this.form, "plain").hidden = !canBePlain(value);
  }

  async #submit() {
    const text = this.field.value.trim();
    if (this.busy || text === "" || this.why !== "") return;
    this.busy = true;
    // The same text is the same message, however often it is sent: an answer may be lost.
    this.key ??= newKey();
    this.#keep();
    this.#draw();
    const { place } = this;
    const { status, body } = await this.send({ key: this.key, text, ours: this.form.elements.ours.value });
    this.busy = false;
    if (status === 200) {
      memory.remove(this.prefix + place);
      if (this.place === place && this.field.value.trim() === text) {
        this.field.value = "";
        this.key = null;
      }
      this.#tell("");
      this.sent(body);
    } else {
      this.#tell(body.message ?? say(status === 401 ? "chat.logged_out" : "chat.not_sent"));
    }
    this.#draw();
  }

  #tell(text) {
    const problem = part(this.form, "problem");
    problem.hidden = text === "";
    problem.textContent = text;
  }
}

/** Forget drafts that nobody came back to for a month. */
function tidy() {
  try {
    for (const name of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
      const { at } = JSON.parse(localStorage.getItem(name) ?? "{}");
      if (!(Date.now() - at < KEPT_MS)) localStorage.removeItem(name);
    }
  } catch {
    // no storage, or somebody else's content: nothing to tidy
  }
}
