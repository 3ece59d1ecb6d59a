/* The call center's support page for a call: in a tab, or in a panel of the pop: a frame that may do little.
 *
 * Owns: the panel, the agent's own choice of where. Must not: make the address: the engine fills it (`models.values.url`).
 *
 * Whether a site refuses to stand in a frame is not told to a page; so the way out is always beside it.
 */

import { webAddress } from "./look.js";
import { make, memory, say } from "./page.js";

const CHOICE = "centralita.pop-up.in";
const SLOW_MS = 8000;
/* No top navigation, no downloads, no modals. A site keeps its own origin, so that people are logged in there; our own
 * origin never gets it: with scripts it could take the sandbox off. */
const SANDBOX = "allow-scripts allow-forms allow-popups";

export class PopUp {
  constructor(part) {
    this.part = part;
    this.address = null;
    this.where = null; // of the call center: "tab" or "panel"
    this.mayLoad = false;
    this.frame = null;
    this.slow = 0;
    part("pop-up").onclick = () => memory.set(CHOICE, "tab");
    part("pop-up-here").onclick = () => {
      memory.set(CHOICE, "panel");
      this.#open();
    };
    part("support-tab").onclick = () => {
      memory.set(CHOICE, "tab");
      this.#shut();
    };
    part("support-again").onclick = () => this.#load();
    part("support-close").onclick = () => {
      this.closed = true;
      this.#shut();
      part("pop-up-here").focus();
    };
  }

  /** `mayLoad`: while it rings at many desks, no desk asks for the page. */
  know(text, mayLoad) {
    const address = webAddress(text);
    const changed = address !== this.address;
    this.address = address;
    this.mayLoad = mayLoad;
    for (const link of [this.part("pop-up"), this.part("support-tab")]) {
      if (address === null) link.removeAttribute("href");
      else link.href = address;
    }
    if (address === null) this.#shut();
    else if (changed && this.frame !== null) this.#load();
    this.#draw();
    this.#openByItself();
  }

  /** Where the call center wants it; the agent's own choice comes first. */
  prefer(where) {
    this.where = where;
    this.#openByItself();
  }

  #openByItself() {
    const chosen = memory.get(CHOICE) ?? this.where;
    if (chosen === "panel" && this.frame === null && !this.closed && this.address !== null && this.mayLoad) this.#open();
  }

  #draw() {
    this.part("pop-ups").hidden = this.address === null || this.frame !== null;
    this.part("pop-up-here").hidden = !this.mayLoad;
  }

  #open() {
    if (this.address === null) return;
    this.closed = false;
    this.part("support").hidden = false;
    this.#load();
    this.#draw();
  }

  #shut() {
    clearTimeout(this.slow);
    this.frame?.remove();
    this.frame = null;
    this.part("support").hidden = true;
    this.#draw();
  }

  #load() {
    clearTimeout(this.slow);
    this.frame?.remove();
    const url = new URL(this.address);
    this.part("support-host").textContent = url.host;
    const own = url.origin === location.origin;
    this.frame = make("iframe", {
      className: "support-frame",
      title: say("support.title", { host: url.host }),
      sandbox: own ? SANDBOX : `${SANDBOX} allow-same-origin`,
      referrerPolicy: "no-referrer",
    });
    const mixed = location.protocol === "https:" && url.protocol === "http:";
    this.#note(mixed || own ? "refused" : "waits");
    this.part("support-box").replaceChildren(this.frame);
    if (mixed || own) return; // a browser shows neither here: no request is made
    this.frame.onload = () => {
      clearTimeout(this.slow);
      this.#note("blank");
    };
    this.slow = setTimeout(() => this.#note("slow"), SLOW_MS);
    this.frame.src = this.address;
  }

  #note(what) {
    this.part("support-note").textContent = say(`support.${what}`);
    this.part("support").dataset.state = what;
    this.frame.hidden = what === "refused";
  }
}
