/* Requests to the web process: recent calls, one call, companies, tickets, saving, drafts, files.
 *
 * Owns: the CSRF token's freshness, the reading of answers. Must not: touch the page.
 */

import { data } from "./page.js";

const CSRF_KEPT_MS = 20 * 60 * 1000;
const TIMEOUT_MS = 15000;
const UPLOAD_TIMEOUT_MS = 180000;

/** How long to wait, and again, for what the engine's writer has not written yet. */
export const NOT_YET_WAITS_MS = [200, 400, 800, 1500, 3000, 5000];

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let csrf = null; // {token, at}

/** `{status, body}`; status 0: no answer, 401: the session is over. `body` is {} where there is no JSON. */
async function ask(url, options = {}) {
  try {
    const answer = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
    if (answer.type === "opaqueredirect") return { status: 401, body: {} };
    return { status: answer.status, body: await answer.json().catch(() => ({})) };
  } catch {
    return { status: 0, body: {} };
  }
}

export function get(url) {
  return ask(url);
}

/** The page may be a day old: its own token is not asked to live that long. The answer's status when there is none. */
async function refreshCsrf() {
  if (csrf !== null && Date.now() - csrf.at < CSRF_KEPT_MS) return 200;
  const { status, body } = await get(data.urls.csrf);
  csrf = status === 200 ? { token: body.csrf, at: Date.now() } : null;
  return status;
}

/** A change; with a token that is out of date once more. */
async function change(url, options) {
  const send = async () => {
    const status = await refreshCsrf();
    if (csrf === null) return { status, body: {} };
    return ask(url, { method: "POST", ...options, headers: { ...options.headers, "X-CSRFToken": csrf.token } });
  };
  const answer = await send();
  if (answer.status !== 400) return answer;
  csrf = null; // whatever was wrong with the token, asking for a new one will tell
  return send();
}

export function post(url, content) {
  return change(url, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });
}

/** A file, as a form's `file`. */
export function upload(url, file) {
  const body = new FormData();
  body.append("file", file);
  return change(url, { body, signal: AbortSignal.timeout(UPLOAD_TIMEOUT_MS) });
}

/** Sent though the page goes: nobody hears the answer. Without a token at hand it is not: the browser keeps a draft too. */
export function postAtTheEnd(url, content) {
  if (csrf === null) return;
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrf.token };
  fetch(url, { method: "POST", keepalive: true, credentials: "same-origin", headers, body: JSON.stringify(content) }).catch(() => {});
}

/** A form with a file in it, watched; `onProgress(share)` from 0 to 1. `{answer: {status, body}, abort()}`. */
export function uploadWatched(url, form, onProgress) {
  const request = new XMLHttpRequest();
  const answer = (async () => {
    const status = await refreshCsrf();
    if (csrf === null) return { status, body: {} };
    return new Promise((resolve) => {
      const done = () => resolve({ status: request.status, body: request.response ?? {} });
      request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
      for (const event of ["load", "error", "abort", "timeout"]) request.addEventListener(event, done);
      request.open("POST", url);
      request.responseType = "json";
      request.timeout = UPLOAD_TIMEOUT_MS;
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", csrf.token);
      request.send(form);
    });
  })();
  return { answer, abort: () => request.abort() };
}

/** What a page asks for under one key is done once, however often it is sent: an answer may be lost. */
export function newKey() {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
}

/** The address of one call, or of something of it: its id is a path segment. */
export function callUrl(callId, what = "") {
  return data.urls.call.replace("CALL", encodeURIComponent(callId)) + (what === "" ? "" : `/${what}`);
}

export function fileUrl(fileId) {
  return data.urls.file.replace(/0$/, String(fileId));
}

/** The address of one ticket, or of something about it: `what` begins with a slash. */
export function ticketUrl(id, what = "") {
  return `${data.urls.tickets}/${encodeURIComponent(id)}${what}`;
}
