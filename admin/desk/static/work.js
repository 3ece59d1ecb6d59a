/* What there is to fill in for one call: asked for after the pop is painted, and put in its places.
 *
 * Owns: when it is asked for, and what is shown while it is not there. Must not: keep or save (`notes.js`).
 */

import { savedValues } from "./notes.js";
import { Sheet, isDrawingHere, loadDrawing } from "./sheets.js";
import { callUrl, get } from "./web.js";

const AGAIN_MS = [300, 700, 1500, 3000, 6000];
const SLOW_MS = 600;
const WITHOUT_CONTACT = 2; // answers

export class Work {
  /** `takers`: each is given what came, now and after each *Salvar*: (work) => void. `known()`: the
   *  contact's columns as the engine has told them, or null. */
  constructor(part, callId, prefix, notes, takers, known) {
    this.part = part;
    this.callId = callId;
    this.prefix = prefix;
    this.notes = notes;
    this.takers = takers;
    this.known = known;
    this.patience = WITHOUT_CONTACT;
    this.asked = false;
    this.isHere = false;
    part("work-again").onclick = () => this.#load(AGAIN_MS);
  }

  /** The pop is one that can be worked on: what is needed comes after the next paint. */
  want() {
    if (this.asked) return;
    this.asked = true;
    if (document.hidden) this.#load(AGAIN_MS);
    else requestAnimationFrame(() => setTimeout(() => this.#load(AGAIN_MS), 0));
  }

  /** Somebody else saved: what is saved is not what is known here. */
  again() {
    if (this.isHere) this.#load([]);
  }

  async #load(waits) {
    this.part("work-failed").hidden = true;
    const slow = setTimeout(() => {
      this.part("work-waits").hidden = this.isHere;
    }, SLOW_MS);
    let answer = null;
    for (const wait of [...waits, null]) {
      answer = await get(callUrl(this.callId, "work"));
      if (this.#isWhole(answer) || answer.status === 403 || answer.status === 401 || wait === null) break;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    const drawn = answer.status === 200 && (answer.body.forms.length === 0 || (await loadDrawing().then(() => true, () => false)));
    clearTimeout(slow);
    this.part("work-waits").hidden = true;
    this.part("work-failed").hidden = drawn || answer.status === 403;
    if (drawn) this.take(answer.body);
  }

  /** The engine writes the contact to the call's record a moment after the desk knows them. */
  #isWhole({ status, body }) {
    if (status !== 200) return false;
    return body.contact_id !== null || !this.known() || (this.patience -= 1) < 0;
  }

  /** All that is to be filled in, as it is saved. *Salvar* may bring the call's first forms, to a desk that has not
   *  fetched what draws them: they follow. */
  take(work) {
    if (work.forms.length > 0 && !isDrawingHere()) {
      this.take({ ...work, forms: [] });
      this.again();
      return;
    }
    const { notes } = this;
    notes.addDisposition(work.notes.disposition, work.disposition_name);
    notes.wasSaved = notes.wasSaved || work.saved_at !== null;
    const values = savedValues(work);
    if (work.contact_id === null) Object.assign(values, this.known());
    for (const taker of this.takers) taker(work, values);
    const had = notes.sheets.size;
    for (const form of work.forms) this.#sheet(form, values);
    this.part("sheets-title").hidden = notes.sheets.size === 0;
    if (had === 0 && notes.sheets.size === 1) [...notes.sheets.values()][0].element.open = true;
    this.isHere = true;
    notes.know(values);
    notes.sync.take(work.draft);
    for (const sheet of notes.sheets.values()) sheet.refresh();
    notes.onChange();
  }

  #sheet(form, values) {
    const known = this.notes.sheets.get(form.version);
    if (known !== undefined) return known.know(form);
    const sheet = new Sheet(form, this.notes, this.prefix);
    this.part("sheets").append(sheet.element);
    sheet.register(values, form);
  }
}
