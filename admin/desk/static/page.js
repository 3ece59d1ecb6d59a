/* The page's own data and the making of elements: texts from outside become text nodes, never markup.
 *
 * Owns: the JSON block, words, element building. Must not: know calls.
 */

export const data = JSON.parse(document.getElementById("desk-data").textContent);

/** The words for `key` in the agent's language; `{name}` is replaced by `values.name`. */
export function say(key, values = {}) {
  const text = data.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** An element with properties, attributes (`aria-…`, `data-…`, `role`) and children; null children are left out. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A copy of a template's only element. */
export function copyOf(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

/** The element marked `data-part="name"`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/** A short message at the foot of the page; `kind`: "info", "good" or "bad". It goes by itself, or by a click. */
export function toast(text, kind = "info") {
  const region = document.getElementById("toasts");
  for (const shown of [...region.children]) if (shown.firstChild.textContent === text) shown.remove();
  const close = make("button", { type: "button", className: "toast-close", "aria-label": say("close") }, "×");
  const element = make("div", { className: `toast toast-${kind}` }, make("span", {}, text), close);
  close.onclick = () => element.remove();
  region.append(element);
  setTimeout(() => element.remove(), kind === "bad" ? 10000 : 6000);
}

/** Is the agent writing? Then nothing may jump, and no key is a shortcut. */
export function isWriting() {
  const active = document.activeElement;
  return active !== null && active.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

/** What is remembered in this browser; without storage (private windows) it is remembered until the reload. */
export const memory = {
  spare: new Map(),
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return this.spare.get(key) ?? null;
    }
  },
  keys() {
    try {
      return Object.keys(localStorage);
    } catch {
      return [...this.spare.keys()];
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      this.spare.set(key, value);
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      this.spare.delete(key);
    }
  },
};
