/* The desk's line to the engine, in a Worker of its own: neither a hidden tab's slowed timers nor a page that is busy
 * (a print dialog, a file chooser) silences it.
 *
 * Owns: token, socket, hello, heartbeat, sequence numbers, reconnecting. Must not: know pops, or store anything.
 *
 * From the page: {kind: "start", tokenUrl, tab}, {kind: "send", message}, {kind: "now"}, {kind: "anew"}, {kind: "stop"}.
 * To the page: {kind: "message", message}, {kind: "line", line, why} with line connecting | open | waiting | stopped,
 * {kind: "unsent", message} for what could not be sent.
 */

import { Troubles, afterClose, backOff } from "./closing.js";

const TOKEN_KEPT_MS = 20000;
const TOKEN_TIMEOUT_MS = 8000;
const OPEN_TIMEOUT_MS = 8000;
const HELD_MS = 60000;
/** After so many failures in a row it is asked first whether anybody is there: Chromium holds back a websocket by up to
 *  five seconds when some thirty to the same place have failed within minutes, and the desk would be late at the return. */
const UNANSWERED = 3;
const ANSWER_TIMEOUT_MS = 4000;
const TICK_MS = 1000;
/** No timer came for so long: the computer slept, or the page was frozen. */
const SLEPT_MS = 5000;

const troubles = new Troubles();
let tokenUrl = "";
let tab = "";
let token = null; // {token, url, at}
let socket = null;
let lastSeq = 0;
let attempt = 0;
let lostAt = Date.now();
let greetedHere = false; // this socket had its welcome
let running = false;
let opening = 0; // grows with every attempt: a late answer of an older one is recognised
let retryTimer = 0;
let beatTimer = 0;
let heldTimer = 0;

function tell(line, why = "") {
  self.postMessage({ kind: "line", line, why });
}

self.onmessage = ({ data }) => {
  switch (data.kind) {
    case "start":
      tokenUrl = data.tokenUrl;
      tab = data.tab;
      running = true;
      open();
      break;
    case "send":
      if (!send(data.message)) self.postMessage({ kind: "unsent", message: data.message });
      break;
    case "now":
      if (!running || socket === null) {
        running = true;
        attempt = 0;
        open();
      }
      break;
    case "anew":
      // Another network, or the same one again: nobody ends the old socket, and it would be believed for minutes.
      if (running) {
        attempt = 0;
        open();
      }
      break;
    case "stop":
      halt("stopped");
      break;
  }
};

function send(message) {
  if (socket === null || socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

function halt(why) {
  running = false;
  drop();
  tell("stopped", why);
}

/** Let go of the socket without hearing from it again. */
function drop() {
  opening += 1;
  clearTimeout(retryTimer);
  clearInterval(beatTimer);
  clearTimeout(heldTimer);
  if (greetedHere) lostAt = Date.now();
  greetedHere = false;
  const old = socket;
  socket = null;
  if (old !== null) {
    old.onopen = old.onmessage = old.onclose = null;
    old.close();
  }
}

function again({ freshToken = false, waitMs = 0 } = {}) {
  drop();
  if (!running) return;
  if (freshToken) token = null;
  tell("waiting");
  const wait = Math.max(waitMs, backOff(attempt, Date.now() - lostAt, Math.random()));
  attempt += 1;
  retryTimer = setTimeout(open, wait);
}

async function open() {
  drop();
  const mine = opening;
  tell("connecting");
  const refusal = await getToken();
  if (mine !== opening || !running) return;
  if (refusal === "later") return again();
  if (refusal !== null) return halt(refusal);
  if (attempt >= UNANSWERED) {
    const isThere = await answers(token.url);
    if (mine !== opening || !running) return;
    if (!isThere) return again();
  }
  const fresh = new WebSocket(token.url);
  socket = fresh;
  const impatience = setTimeout(() => again(), OPEN_TIMEOUT_MS);
  fresh.onopen = () => send({ type: "hello", token: token.token, tab, seen: lastSeq });
  fresh.onmessage = ({ data }) => {
    clearTimeout(impatience);
    hear(data);
  };
  fresh.onclose = ({ code }) => {
    clearTimeout(impatience);
    const verdict = afterClose(code, troubles);
    if (verdict.action === "stop") {
      token = null;
      halt(verdict.why);
    } else {
      again(verdict);
    }
  };
}

/** Whatever it answers to a request that is no websocket's. */
async function answers(url) {
  try {
    await fetch(url.replace(/^ws/, "http"), {
      mode: "no-cors",
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return true;
  } catch {
    return false;
  }
}

/** null: `token` is good; "later": try again; otherwise why there is none: "login", "address", "phone". */
async function getToken() {
  if (token !== null && Date.now() - token.at < TOKEN_KEPT_MS) return null;
  token = null;
  try {
    const answer = await fetch(tokenUrl, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(TOKEN_TIMEOUT_MS),
    });
    if (answer.ok) {
      const { token: text, url } = await answer.json();
      token = { token: text, url, at: Date.now() };
      return null;
    }
    if (answer.type === "opaqueredirect" || answer.status === 401) return "login";
    if (answer.status === 403) {
      const { error } = await answer.json().catch(() => ({}));
      return error === "no_phone" ? "phone" : "address";
    }
  } catch {
    // the web process is away, or answered no JSON
  }
  return "later";
}

function hear(text) {
  const message = JSON.parse(text);
  if (message.type === "welcome") {
    lastSeq = message.seq;
    greeted(message.heartbeat);
  } else if (typeof message.seq === "number") {
    if (message.seq <= lastSeq) return; // heard before
    if (message.seq !== lastSeq + 1) return again(); // something is missing: the welcome has everything
    lastSeq = message.seq;
  }
  self.postMessage({ kind: "message", message });
}

function greeted(heartbeat) {
  attempt = 0;
  greetedHere = true;
  tell("open");
  const interval = heartbeat * 1000;
  let lastBeat = Date.now();
  let lastTick = lastBeat;
  clearInterval(beatTimer);
  // Once a second: timers count the time that the computer was awake, so the next beat may be a whole interval away.
  beatTimer = setInterval(() => {
    const now = Date.now();
    const slept = Math.abs(now - lastTick) > SLEPT_MS;
    lastTick = now;
    // After a sleep the engine has given this socket up, or soon will, whatever the browser believes.
    if (slept) return again();
    if (now - lastBeat < interval) return;
    lastBeat = now;
    send({ type: "beat" });
  }, Math.min(TICK_MS, interval));
  clearTimeout(heldTimer);
  heldTimer = setTimeout(() => troubles.calm(), HELD_MS);
  troubles.counts.delete(4001);
}
