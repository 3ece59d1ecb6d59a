/* The phone in the tab: whether it is on the line, whose call it takes, what stands in its way.
 *
 * Owns: registration, the calls on this phone, its state. Must not: draw (`phone-view.js`), or answer by itself: it takes
 * the call whose pop says `answer`, wherever the button was pressed.
 * Events: "change", and "word" (detail: the key of a text) for what the agent must be told once.
 *
 * `state`: "off" (not begun), "connecting", "ready", or "blocked" with `why`: insecure, denied, missing, in_use (the
 * microphone), elsewhere (another tab has the phone), address, ended, none, registration.
 */

import { PhoneCall } from "./phone-call.js";
import { PhoneSocket } from "./phone-socket.js";
import JsSIP from "./vendor/jssip-3.13.8.js";

const TAB = "centralita.desk.phone-tab";
const CALL_HEADER = "X-Centralita-Call";
/** The tab that has just been left (a reload) comes back first. */
const FREE_MS = 3000;
const MICROPHONE = new Set(["insecure", "denied", "missing", "in_use"]);

export class Softphone extends EventTarget {
  state = "off";
  why = "";
  calls = new Map();

  constructor({ endpoint, tokenUrl, devices, audio }) {
    super();
    this.devices = devices;
    this.audio = audio;
    this.endpoint = endpoint;
    this.tab = tabName();
    this.answers = new Set(); // calls whose pop says that this phone takes them
    this.iceServers = [];
    this.microphone = null; // why there is none; null: there is one
    this.registered = false;
    this.wanted = this.started = this.told = false;
    this.final = "";
    this.socket = new PhoneSocket({
      tokenUrl,
      tab: this.tab,
      onAccount: (account) => this.#account(account),
      onFinal: (why) => this.#final(why),
    });
    this.ua = new JsSIP.UA({
      sockets: [this.socket],
      uri: `sip:${endpoint}@centralita.invalid`,
      // Its user is who we are in what we say later in a call, too: the switch knows the phone by it.
      contact_uri: `sip:${endpoint}@${JsSIP.Utils.createRandomToken(12)}.invalid;transport=ws`,
      password: "none yet",
      realm: "centralita",
      user_agent: "Centralita",
      register_expires: 120,
      session_timers: false,
      no_answer_timeout: 3600, // the engine says how long it rings
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    });
    this.ua.on("registered", () => this.#registered());
    for (const off of ["unregistered", "disconnected"]) this.ua.on(off, () => this.#unregistered());
    this.ua.on("registrationFailed", () => this.#registrationFailed());
    this.ua.on("newRTCSession", ({ originator, session, request }) => {
      if (originator === "remote") this.#rings(session, request.getHeader(CALL_HEADER) ?? "");
    });
    devices.addEventListener("ended", () => this.#unplugged());
    devices.addEventListener("change", () => this.#devicesChanged());
  }

  get call() {
    return [...this.calls.values()].find((call) => !call.over) ?? null;
  }

  /** Something that a reload would take from the agent. */
  get inCall() {
    return [...this.calls.values()].some((call) => call.talking);
  }

  /** On the line as soon as somebody has found a microphone. */
  start() {
    this.wanted = true;
  }

  /** Asks for the microphone for a moment. True: it may be used. */
  async checkMicrophone() {
    const { stream, refused, fellBack } = await this.devices.open();
    this.devices.close(stream);
    if (fellBack) this.#word("phone.fell_back");
    this.microphoneIs(refused ?? null);
    return refused === undefined;
  }

  /** What is known of the microphone; the line follows. */
  microphoneIs(refused) {
    this.microphone = refused;
    if (refused === null && this.wanted && !this.started) {
      this.started = true;
      this.ua.start();
    }
    this.#draw();
  }

  /** *Usarlo aquí*: from whichever tab has it. */
  takeHere() {
    this.final = "";
    this.#draw();
    if (this.ua.isConnected()) return;
    this.socket.again(true);
  }

  /** After whatever stood in the way of the line, but another tab. */
  retry() {
    if (this.final === "" || this.final === "elsewhere") return;
    this.final = "";
    this.socket.again(false);
    this.#draw();
  }

  /** What the engine says of the phone: `{tab, ready}`, or null when no tab has it. */
  hear(phone) {
    clearTimeout(this.freeTimer);
    // Its calls go with it: they are rung there.
    if (phone?.ready && phone.tab !== this.tab) for (const call of this.calls.values()) call.end();
    if (phone !== null || this.final !== "elsewhere") return;
    this.freeTimer = setTimeout(() => {
      if (this.final !== "elsewhere") return;
      this.final = "";
      this.socket.again(false);
      this.#draw();
    }, FREE_MS * (1 + Math.random()));
  }

  /** The pops as they are: takes the call that is to be taken, lets go of what is over. */
  follow(pops) {
    this.answers = new Set([...pops.values()].filter((pop) => pop.answer && pop.phase !== "ended").map((pop) => pop.call_id));
    for (const call of this.calls.values()) {
      if (this.answers.has(call.callId)) call.answer();
      if (pops.get(call.callId)?.phase === "ended") call.end();
    }
  }

  /** The engine took this call's pop away: somebody else has it, or nobody waits any more. */
  forget(callId) {
    this.calls.get(callId)?.end();
  }

  async changeMicrophone() {
    const call = this.call;
    if (call?.talking) await call.changeMicrophone();
    else await this.checkMicrophone();
  }

  // ------------------------------------------------------------ the line
  #account({ secret, realm, ice_servers: iceServers }) {
    this.ua.set("password", secret);
    this.ua.set("realm", realm);
    this.iceServers = iceServers;
    this.final = "";
    this.#draw();
  }

  #final(why) {
    this.final = why;
    this.registered = false;
    this.#draw();
  }

  #registered() {
    const back = !this.registered;
    this.registered = true;
    this.final = "";
    if (back) for (const call of this.calls.values()) call.refresh();
    this.#draw();
  }

  #unregistered() {
    this.registered = false;
    this.#draw();
  }

  #registrationFailed() {
    // While there is no socket this is only weather.
    if (this.ua.isConnected()) {
      this.final = "registration";
      // Perhaps its secret was replaced meanwhile: another line brings another.
      setTimeout(() => this.final === "registration" && this.socket.again(false), FREE_MS);
    }
    this.#unregistered();
  }

  // ------------------------------------------------------------ calls
  #rings(session, callId) {
    const call = new PhoneCall(session, callId, {
      devices: this.devices,
      audio: this.audio,
      iceServers: this.iceServers,
    });
    call.lineUp = () => this.registered;
    this.calls.set(callId, call);
    for (const event of ["talking", "measured", "path"]) call.addEventListener(event, () => this.#draw());
    call.addEventListener("fell-back", () => this.#word("phone.fell_back"));
    call.addEventListener("silent", () => {
      this.#word("phone.silent");
      addEventListener("pointerdown", () => call.play(), { once: true, capture: true });
    });
    call.addEventListener("refused", ({ detail }) => {
      if (!call.talking) this.#word(`phone.why.${detail}`); // in a talk the banner says it
      this.microphoneIs(detail);
    });
    call.addEventListener("ended", () => {
      if (this.calls.get(callId) === call) this.calls.delete(callId);
      this.#draw();
    });
    if (this.answers.has(callId)) call.answer();
    this.#draw();
  }

  async #unplugged() {
    const call = this.call;
    if (call === null || !call.talking) return;
    const another = await call.changeMicrophone();
    if (another) this.microphoneIs(null);
    this.#word(another ? "phone.unplugged" : "phone.unplugged_none");
  }

  async #devicesChanged() {
    const { call } = this;
    if (call?.talking) {
      await this.devices.sendTo(this.audio);
      // The one that was missing is here: the talk goes on with it, without a click.
      if (this.microphone !== null && (await call.changeMicrophone())) this.microphoneIs(null);
    } else if (this.microphone !== null && this.microphone !== "insecure") await this.checkMicrophone();
    this.#draw();
  }

  // ------------------------------------------------------------ what it is now
  #draw() {
    const [state, why] = this.#now();
    const ready = state === "ready";
    // The calls too: of one that is not among them the page that had it is gone, and the engine rings it again.
    const has = [...this.calls.values()].filter((call) => !call.over).map((call) => call.callId);
    if (ready !== this.told && this.ua.isConnected()) this.socket.tell(ready ? "ready" : "not_ready", has);
    this.told = ready;
    this.state = state;
    this.why = why;
    this.dispatchEvent(new Event("change"));
  }

  #now() {
    if (this.microphone !== null && MICROPHONE.has(this.microphone)) return ["blocked", this.microphone];
    if (this.final !== "") return ["blocked", this.final];
    return this.registered ? ["ready", ""] : ["connecting", ""];
  }

  #word(key) {
    this.dispatchEvent(new CustomEvent("word", { detail: key }));
  }
}

/** The same over a reload, so that the page that comes back takes the place of the one that left. */
function tabName() {
  try {
    const known = sessionStorage.getItem(TAB) ?? crypto.randomUUID?.() ?? String(Math.random()).slice(2);
    sessionStorage.setItem(TAB, known);
    return known;
  } catch {
    return String(Math.random()).slice(2);
  }
}
