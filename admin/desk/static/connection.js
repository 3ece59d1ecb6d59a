/* The page's end of the line: starts the Worker and passes messages on.
 *
 * Owns: the Worker. Must not: interpret messages.
 * Events: "message" (detail: the message), "line" (detail: {line, why}), "unsent" (detail: the message).
 */

export class Connection extends EventTarget {
  constructor(workerUrl, tokenUrl) {
    super();
    this.line = "connecting";
    this.worker = new Worker(workerUrl, { type: "module" });
    this.worker.onmessage = ({ data }) => {
      if (data.kind === "message") this.#tell("message", data.message);
      else if (data.kind === "unsent") this.#tell("unsent", data.message);
      else {
        this.line = data.line;
        this.#tell("line", { line: data.line, why: data.why });
      }
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.line = "stopped";
      this.#tell("line", { line: "stopped", why: "worker" });
    };
    this.worker.postMessage({ kind: "start", tokenUrl, tab: crypto.randomUUID?.() ?? String(Math.random()).slice(2) });
    // The network is back, or the agent looks at the page: no reason to wait any longer.
    addEventListener("online", () => this.line !== "stopped" && this.worker.postMessage({ kind: "anew" }));
    addEventListener("pageshow", () => this.now());
    document.addEventListener("resume", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  send(message) {
    this.worker.postMessage({ kind: "send", message });
  }

  /** Try to connect at once; nothing when connected or when the line was stopped for good. */
  now() {
    if (this.line === "waiting") this.worker.postMessage({ kind: "now" });
  }

  /** The agent asks for another try after the line was stopped. */
  restart() {
    this.worker.postMessage({ kind: "now" });
  }

  stop() {
    this.worker.postMessage({ kind: "stop" });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
