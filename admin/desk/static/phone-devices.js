/* Microphone and speaker: which of them, whether they may be used, and what becomes of a call when one is unplugged.
 *
 * Owns: asking the browser for them, the agent's choice (remembered), the level meter and the test tone. Must not: know
 * calls or the line.
 * Events: "change" (devices came or went, a permission changed), "ended" (the microphone in use was unplugged).
 */

import { memory } from "./page.js";

const CHOSEN = { input: "centralita.desk.microphone", output: "centralita.desk.speaker" };
const VOLUME = "centralita.desk.volume";
const KINDS = { input: "audioinput", output: "audiooutput" };

/** Why there is no microphone, by the name of the browser's error (W3C Media Capture and Streams, 10.2). */
const REFUSALS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  NotReadableError: "in_use",
  AbortError: "in_use",
};

export class Devices extends EventTarget {
  lists = { input: [], output: [] };

  constructor() {
    super();
    this.volume = Number(memory.get(VOLUME) ?? 1);
    this.canChooseOutput = "setSinkId" in HTMLMediaElement.prototype;
    if (!this.available) return;
    navigator.mediaDevices.addEventListener("devicechange", () => this.#changed());
    this.#watchPermission();
  }

  /** A page without https has no microphone at all; 127.0.0.1 and localhost count as safe (W3C Secure Contexts, 3.1). */
  get available() {
    return window.isSecureContext && navigator.mediaDevices !== undefined;
  }

  chosen(kind) {
    return memory.get(CHOSEN[kind]) ?? "";
  }

  choose(kind, id) {
    memory.set(CHOSEN[kind], id);
  }

  setVolume(volume) {
    this.volume = volume;
    memory.set(VOLUME, String(volume));
  }

  /** `{stream, fellBack}`, or `{refused: "denied" | "missing" | "in_use" | "insecure"}`. */
  async open() {
    if (!this.available) return { refused: "insecure" };
    const chosen = this.chosen("input");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: chosen ? { deviceId: { exact: chosen } } : true,
      });
      await this.refresh();
      this.#watch(stream);
      return { stream, fellBack: false };
    } catch (error) {
      if (error.name === "OverconstrainedError") return this.#fallBack();
      return { refused: REFUSALS[error.name] ?? "in_use" };
    }
  }

  /** The one that was chosen is not there: the browser's own choice, and the agent is told. */
  async #fallBack() {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      await this.refresh();
      this.#watch(stream);
      return { stream, fellBack: true };
    } catch (error) {
      return { refused: REFUSALS[error.name] ?? "in_use" };
    }
  }

  close(stream) {
    for (const track of stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
  }

  /** The names are there only once the microphone was allowed. */
  async refresh() {
    if (!this.available) return;
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    for (const [kind, name] of Object.entries(KINDS)) {
      this.lists[kind] = all.filter((one) => one.kind === name && one.deviceId !== "");
    }
  }

  /** Plays on the chosen speaker, or on the browser's when that one is gone: then false. */
  async sendTo(element) {
    element.volume = this.volume;
    const chosen = this.chosen("output");
    if (!this.canChooseOutput) return true;
    try {
      await element.setSinkId(chosen);
      return true;
    } catch {
      await element.setSinkId("").catch(() => {});
      return chosen === "";
    }
  }

  #watch(stream) {
    for (const track of stream.getTracks()) track.onended = () => this.dispatchEvent(new Event("ended"));
  }

  async #changed() {
    await this.refresh();
    this.dispatchEvent(new Event("change"));
  }

  async #watchPermission() {
    try {
      const status = await navigator.permissions.query({ name: "microphone" });
      status.onchange = () => this.dispatchEvent(new Event("change"));
    } catch {
      // a browser that does not tell: the next call will
    }
  }
}

/** How loud it is, 0 to 1, some thirty times a second, until `stop()`. */
export class Meter {
  constructor(stream, show) {
    this.context = new AudioContext();
    this.source = this.context.createMediaStreamSource(stream);
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
      // -60 dBFS is nothing, 0 is as loud as it gets
      show(Math.max(0, Math.min(1, 1 + Math.log10(Math.max(power, 1e-12)) / 6)));
    }, 33);
  }

  stop() {
    clearInterval(this.timer);
    this.context.close();
  }
}

/** Two soft tones on the chosen speaker. Resolves to whether they could be played. */
export async function playTestTone(devices) {
  const context = new AudioContext();
  const end = context.createMediaStreamDestination();
  const volume = context.createGain();
  volume.gain.value = 0.2;
  volume.connect(end);
  const start = context.currentTime + 0.05;
  for (const [place, frequency] of [523.25, 659.25].entries()) {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(start + place * 0.4);
    tone.stop(start + place * 0.4 + 0.35);
  }
  const element = new Audio();
  element.srcObject = end.stream;
  const chosen = await devices.sendTo(element);
  try {
    await context.resume();
    await element.play();
    await new Promise((resolve) => setTimeout(resolve, 900));
    return chosen;
  } catch {
    return false;
  } finally {
    element.srcObject = null;
    context.close();
  }
}
