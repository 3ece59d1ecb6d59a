/* Requests to the web process: recent calls, one call, companies, tickets, saving.
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

/** The address of one call: its id is a path segment. */
export function callUrl(callId) {
  return data.urls.call.replace("CALL", encodeURIComponent(callId));
}

/** The address of one ticket, or of something about it: `what` begins with a slash. */
export function ticketUrl(id, what = "") {
  return `${data.urls.tickets}/${encodeURIComponent(id)}${what}`;
}
