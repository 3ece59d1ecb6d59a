/* One call on the phone in the tab: its media from the ring to the end.
 *
 * Owns: a JsSIP session, its microphone, what is heard, and the counters. Must not: decide to answer: the engine's pop
 * does (`softphone.js` watches); hold, mute and transfer are the engine's and no business of the media.
 * Events: "talking", "ended", "refused" (detail: why there is no microphone), "fell-back" (another microphone),
 * "silent" (the browser wants a gesture before it plays), "path" (detail: whether the media still gets through).
 */

import { between, read, verdict } from "./phone-quality.js";

const READ_MS = 2000;
const RESTART_MS = 4000;

export class PhoneCall extends EventTarget {
  constructor(session, callId, { devices, audio, iceServers }) {
    super();
    this.session = session;
    this.callId = callId;
    this.devices = devices;
    this.audio = audio;
    this.iceServers = iceServers;
    this.stream = null;
    this.answering = false;
    this.quality = null;
    this.measured = null;
    this.counters = null;
    this.timers = [];
    session.on("peerconnection", ({ peerconnection }) => this.#connected(peerconnection));
    session.on("confirmed", () => this.#talks());
    for (const end of ["ended", "failed"]) session.on(end, () => this.#ended());
  }

  get over() {
    return this.session.isEnded();
  }

  get talking() {
    return this.session.isEstablished();
  }

  async answer() {
    if (this.answering || !this.session.isInProgress()) return;
    this.answering = true;
    const { stream, refused, fellBack } = await this.devices.open();
    if (refused !== undefined) {
      this.#tell("refused", refused);
      this.end(480);
      return;
    }
    if (this.over) return this.devices.close(stream); // the caller was quicker
    this.stream = stream;
    if (fellBack) this.#tell("fell-back");
    this.session.answer({
      mediaStream: stream,
      pcConfig: { iceServers: this.iceServers, rtcpMuxPolicy: "require", bundlePolicy: "max-bundle" },
    });
  }

  /** The engine says that it is over, or it can't be taken. */
  end(code = 480) {
    if (this.over) return;
    if (this.talking) this.session.terminate();
    else this.session.terminate({ status_code: code });
  }

  /** The line came back on another socket: the switch learns where to send what belongs to this call (RFC 3311). */
  refresh() {
    if (!this.talking) return;
    this.session.sendRequest("UPDATE", { extraHeaders: [`Contact: ${this.session.contact}`] });
  }

  /** Another microphone, in the middle of the call. False: there is none. */
  async changeMicrophone() {
    const { stream, refused, fellBack } = await this.devices.open();
    if (refused !== undefined) {
      this.#tell("refused", refused);
      return false;
    }
    const [track] = stream.getAudioTracks();
    const sender = this.session.connection?.getSenders().find((one) => one.track?.kind === "audio" || one.track === null);
    if (this.over || sender === undefined) {
      this.devices.close(stream);
      return false;
    }
    await sender.replaceTrack(track);
    this.devices.close(this.stream);
    this.stream = stream;
    if (fellBack) this.#tell("fell-back");
    return true;
  }

  // ------------------------------------------------------------ inside
  #connected(connection) {
    connection.ontrack = ({ track, streams }) => this.#hear(streams[0] ?? new MediaStream([track]));
    connection.oniceconnectionstatechange = () => this.#path(connection.iceConnectionState);
  }

  async #hear(stream) {
    this.audio.srcObject = stream;
    await this.devices.sendTo(this.audio);
    await this.play();
  }

  /** After a gesture, when the browser did not let it play by itself. */
  async play() {
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") this.#tell("silent");
    }
  }

  #path(state) {
    const through = state === "connected" || state === "completed";
    if (through || state === "disconnected") this.#tell("path", through);
    clearInterval(this.restartTimer);
    // The network has changed under us (a cable, another Wi-Fi): look for a new way; the conversation's keys stay.
    if (state === "disconnected") this.restartTimer = setInterval(() => this.findPath(), RESTART_MS);
  }

  /** ICE once more, over the line to the switch (RFC 8445, 2.4). */
  findPath() {
    if (this.talking && this.lineUp?.()) this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
  }

  #talks() {
    this.timers.push(setInterval(() => this.#measure(), READ_MS));
    this.#tell("talking");
  }

  async #measure() {
    const { connection } = this.session;
    if (!connection || this.over) return;
    const now = read(await connection.getStats());
    this.measured = between(this.counters, now);
    this.counters = now;
    this.quality = this.measured === null ? this.quality : verdict(this.measured);
    this.#tell("measured");
  }

  #ended() {
    for (const timer of this.timers) clearInterval(timer);
    clearInterval(this.restartTimer);
    this.devices.close(this.stream);
    this.stream = null;
    this.audio.srcObject = null;
    this.#tell("ended");
  }

  #tell(name, detail = null) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
