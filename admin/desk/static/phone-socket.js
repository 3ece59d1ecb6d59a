/* The phone's line to the engine, in the form that JsSIP wants of a socket: a fresh token and a hello before any SIP.
 *
 * Owns: token, socket, greeting, which closing codes are final. Must not: read SIP, or decide when to try again (JsSIP
 * does, after what is not final).
 */

const TIMEOUT_MS = 8000;

/** Codes after which asking again changes nothing by itself (docs/protocols/phone-websocket.md). */
const FINAL = { 4003: "address", 4004: "ended", 4009: "elsewhere", 4010: "none" };

export class PhoneSocket {
  via_transport = "WS";
  url = "ws://centralita.invalid";
  sip_uri = "sip:centralita.invalid;transport=ws";

  /** `onAccount({endpoint, realm, secret, ice_servers})` before JsSIP hears of the connection; `onFinal(why)`. */
  constructor({ tokenUrl, tab, onAccount, onFinal }) {
    this.tokenUrl = tokenUrl;
    this.tab = tab;
    this.onAccount = onAccount;
    this.onFinal = onFinal;
    this.take = false;
    this.stopped = false;
    this.attempt = 0; // a late answer of an older one is recognised
    this.socket = null;
  }

  // ------------------------------------------------------------ what JsSIP calls
  connect() {
    if (!this.stopped) this.#open();
  }

  disconnect() {
    this.#drop();
  }

  send(text) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }

  // ------------------------------------------------------------ what the phone calls
  /** Whether the phone may be rung, and whose media this page has. */
  tell(state, calls) {
    this.send(JSON.stringify({ type: "state", state, calls }));
  }

  /** After a final code: try once more. `take`: from whichever tab has the phone. */
  again(take) {
    this.take = take;
    this.stopped = false;
    this.#open();
  }

  // ------------------------------------------------------------ inside
  #drop() {
    this.attempt += 1;
    const old = this.socket;
    this.socket = null;
    if (old === null) return;
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }

  async #open() {
    this.#drop();
    const mine = this.attempt;
    const { token, phone_url: url, refused } = await this.#token();
    if (mine !== this.attempt) return;
    if (refused === "later") return this.ondisconnect(true, 1006, "no token");
    if (refused !== undefined) return this.#final(refused);
    const fresh = new WebSocket(url);
    this.socket = fresh;
    const impatience = setTimeout(() => fresh.close(), TIMEOUT_MS);
    fresh.onopen = () => {
      this.send(JSON.stringify({ type: "hello", token, tab: this.tab, take: this.take }));
      this.take = false;
    };
    fresh.onmessage = ({ data }) => {
      clearTimeout(impatience);
      fresh.onmessage = ({ data: sip }) => this.ondata(sip);
      this.onAccount(JSON.parse(data));
      this.onconnect();
    };
    fresh.onclose = ({ code }) => {
      clearTimeout(impatience);
      this.socket = null;
      if (code in FINAL) this.#final(FINAL[code]);
      else this.ondisconnect(true, code, "");
    };
  }

  /** JsSIP is told, and will call `connect`, which does nothing until `again`. */
  #final(why) {
    this.stopped = true;
    this.onFinal(why);
    this.ondisconnect(false, 1000, why);
  }

  async #token() {
    try {
      const answer = await fetch(this.tokenUrl, {
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.ok) return await answer.json();
      if (answer.type === "opaqueredirect" || answer.status === 401) return { refused: "ended" };
      if (answer.status === 403) return { refused: "address" };
    } catch {
      // the web process is away
    }
    return { refused: "later" };
  }
}
