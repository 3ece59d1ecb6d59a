/* What the agent sees of the phone in the tab: the chip, the dialog with its test, the banner that says what is missing.
 *
 * Owns: those. Must not: keep the phone's state (`softphone.js`) or choose a device by itself (`phone-devices.js`).
 */

import { data, make, memory, part, say, toast } from "./page.js";
import { Devices, Meter, playTestTone } from "./phone-devices.js";
import { Softphone } from "./softphone.js";

const TESTED = "centralita.desk.phone-tested";
const SHIFT_MS = 12 * 3600 * 1000;
/** Of the meter: a voice, not the room. */
const HEARD = 0.25;
/** Nobody is in the way of whoever can mend it by a click. */
const RETRY = new Set(["denied", "missing", "in_use", "registration", "address", "none"]);

/** The phone and its view, on the line as soon as there is a microphone. */
export function furnish({ mayInterrupt }) {
  const phone = new Softphone({
    endpoint: data.agent.endpoint,
    tokenUrl: data.urls.token,
    devices: new Devices(),
    audio: document.getElementById("phone-audio"),
  });
  const view = new PhoneView(phone);
  phone.start();
  if (mayInterrupt() && !wasTested()) view.open();
  else phone.checkMicrophone();
  return phone;
}

/** The microphone test opens by itself at the first log-in of a working day. */
function wasTested() {
  const last = Number(memory.get(TESTED) ?? 0);
  memory.set(TESTED, String(Date.now()));
  return Date.now() - last < SHIFT_MS;
}

class PhoneView {
  constructor(phone) {
    this.phone = phone;
    this.chip = document.getElementById("phone-chip");
    this.dialog = document.getElementById("phone");
    this.banner = document.getElementById("phone-banner");
    this.part = (name) => part(this.dialog, name);
    this.meter = null;
    this.stream = null;
    this.opening = false; // the microphone is being asked for
    this.chip.onclick = () => this.open();
    part(this.banner, "show").onclick = () => this.open();
    for (const root of [this.banner, this.dialog]) part(root, "here").onclick = () => phone.takeHere();
    this.part("again").onclick = () => this.#again();
    this.part("tone").onclick = () => this.#tone();
    this.part("volume").value = phone.devices.volume;
    this.part("volume").oninput = () => this.#volume();
    this.part("output-field").hidden = !phone.devices.canChooseOutput;
    for (const kind of ["input", "output"]) this.part(kind).onchange = () => this.#choose(kind);
    this.dialog.onclose = () => this.#closeMeter();
    phone.addEventListener("change", () => this.draw());
    phone.addEventListener("word", ({ detail }) => toast(say(detail), "bad"));
    phone.devices.addEventListener("change", () => this.#lists());
    this.draw();
  }

  async open() {
    if (!this.dialog.open) this.dialog.showModal();
    await this.#startMeter();
  }

  draw() {
    const { state, why, call } = this.phone;
    const key = state === "blocked" ? `phone.why.${why}` : `phone.${state}`;
    const quality = call?.talking ? call.quality : null;
    const here = state === "blocked" && why === "elsewhere";
    for (const element of [this.chip, this.dialog]) element.dataset.phone = here ? "elsewhere" : state;
    this.chip.dataset.quality = quality ?? "";
    part(this.chip, "bars").hidden = quality === null;
    part(this.chip, "word").textContent = say(quality === null ? key : `phone.quality.${quality}`);
    this.chip.title = say("phone.chip");
    this.part("word").textContent = say(key);
    const hint = state === "blocked" ? `${key}.hint` : "";
    this.part("hint").hidden = hint === "";
    this.part("hint").textContent = hint === "" ? "" : say(hint);
    const again = state === "blocked" && RETRY.has(why);
    this.part("here").hidden = !here;
    this.part("again").hidden = !again;
    this.part("ways").hidden = !here && !again;
    this.part("devices").hidden = state === "blocked" && ["insecure", "denied", "missing", "elsewhere"].includes(why);
    this.banner.hidden = state !== "blocked" || why === "ended";
    this.banner.dataset.kind = here ? "calm" : "bad";
    part(this.banner, "text").textContent = say(key);
    part(this.banner, "here").hidden = !here;
    part(this.banner, "show").hidden = here;
    this.#quality(call);
    // It was allowed, or plugged in, while the agent looked.
    if (this.dialog.open && this.phone.microphone === null && this.stream === null) this.#startMeter();
  }

  // ------------------------------------------------------------ inside
  #quality(call) {
    const measured = call?.talking ? call.measured : null;
    this.part("quality").hidden = measured === null;
    if (measured === null) return;
    this.part("verdict").textContent = say(`quality.${call.quality}`);
    this.part("verdict").dataset.quality = call.quality;
    this.part("loss").textContent = `${(100 * measured.loss).toFixed(1)} %`;
    this.part("rtt").textContent = `${Math.round(measured.rtt)} ms`;
    this.part("jitter").textContent = `${Math.round(measured.jitter)} ms`;
  }

  async #again() {
    if (await this.phone.checkMicrophone()) this.phone.retry();
  }

  async #startMeter() {
    if (this.opening) return;
    this.opening = true;
    this.#closeMeter();
    const { stream, refused } = await this.phone.devices.open();
    this.phone.microphoneIs(refused ?? null);
    this.opening = false;
    this.#lists();
    if (refused !== undefined || !this.dialog.open) return this.phone.devices.close(stream);
    this.stream = stream;
    const bar = this.part("meter");
    const word = this.part("meter-word");
    word.textContent = say("phone.meter.speak");
    this.meter = new Meter(stream, (level) => {
      bar.firstElementChild.style.transform = `scaleX(${level.toFixed(2)})`;
      bar.setAttribute("aria-valuenow", String(Math.round(100 * level)));
      if (level > HEARD) word.textContent = say("phone.meter.heard");
    });
  }

  #closeMeter() {
    this.meter?.stop();
    this.phone.devices.close(this.stream);
    this.meter = this.stream = null;
  }

  #lists() {
    const { devices } = this.phone;
    for (const kind of ["input", "output"]) {
      const select = this.part(kind);
      const chosen = devices.chosen(kind);
      const known = devices.lists[kind].filter((one) => one.deviceId !== "default" && one.deviceId !== "communications");
      select.replaceChildren(
        make("option", { value: "" }, say("phone.default_device")),
        ...known.map((one) => make("option", { value: one.deviceId }, one.label || say("phone.unnamed"))),
      );
      select.value = known.some((one) => one.deviceId === chosen) ? chosen : "";
    }
  }

  async #choose(kind) {
    this.phone.devices.choose(kind, this.part(kind).value);
    if (kind === "output") return this.phone.devices.sendTo(this.phone.audio);
    if (this.phone.call?.talking) await this.phone.changeMicrophone();
    return this.#startMeter();
  }

  #volume() {
    this.phone.devices.setVolume(Number(this.part("volume").value));
    this.phone.audio.volume = this.phone.devices.volume;
  }

  async #tone() {
    const button = this.part("tone");
    button.disabled = true;
    const heard = await playTestTone(this.phone.devices);
    button.disabled = false;
    if (!heard) toast(say("phone.no_tone"), "bad");
  }
}
