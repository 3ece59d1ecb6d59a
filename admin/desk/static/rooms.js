/* The desk's rooms: calls, tickets …: one on the screen at a time, each with an address of its own (#tickets, #tickets/12).
 *
 * Owns: which room is shown, the navigation, the addresses. Must not: know what is in a room.
 *
 * A room is `<section data-room="tickets">` in the page with a link `<a data-to="tickets" href="#tickets">` in the
 * navigation, and registers `{name, show(rest), hide()}`. `rest` is what follows the name in the address: "12", or "".
 * `show` may be called again with another `rest` while the room is on the screen.
 */

import { make, part } from "./page.js";

const HOME = "calls";

export class Rooms {
  constructor() {
    this.rooms = new Map();
    this.current = null;
    this.rest = "";
    this.nav = document.getElementById("rooms");
    this.nav.onkeydown = (event) => this.#arrow(event);
    addEventListener("hashchange", () => this.#follow());
  }

  /** Before `start`. */
  register(room) {
    this.rooms.set(room.name, room);
  }

  /** Shows the room that the address names; all others of the page are hidden. */
  start() {
    this.#follow();
  }

  /** Goes to a room as a link would: the back button leads here again. */
  go(name, rest = "") {
    if (this.current === name && this.rest === rest) return;
    history.pushState(null, "", address(name, rest));
    this.#follow();
  }

  /** The room's own address changes (it opened something by itself): no new step for the back button. */
  settle(rest) {
    this.rest = rest;
    history.replaceState(null, "", address(this.current, rest));
  }

  isShown(name) {
    return this.current === name;
  }

  /** A number at the room's name, and the words that say it; 0 takes it away. */
  badge(name, count, words) {
    const badge = part(this.#link(name), "badge");
    badge.hidden = count === 0;
    badge.replaceChildren(
      make("span", { "aria-hidden": "true" }, count > 99 ? "99+" : String(count)),
      make("span", { className: "unseen" }, ` ${words}`),
    );
  }

  /** The room of a key of the keyboard (data-key of its link), or undefined. */
  ofKey(key) {
    return [...this.nav.querySelectorAll("[data-key]")].find((link) => link.dataset.key === key)?.dataset.to;
  }

  #link(name) {
    return this.nav.querySelector(`[data-to="${name}"]`);
  }

  #follow() {
    const [name, ...rest] = (location.hash.slice(1) || HOME).split("/");
    if (this.rooms.has(name)) return this.#show(name, decoded(rest.join("/")));
    // No room of ours (the skip link, a room of another version): the one on the screen keeps its address.
    if (this.current === null) this.#show(HOME, "");
    else history.replaceState(null, "", address(this.current, this.rest));
  }

  #show(name, rest) {
    const before = this.current;
    const focusWasInside = before !== null && !this.nav.contains(document.activeElement);
    this.current = name;
    this.rest = rest;
    if (before !== name) {
      if (before !== null) this.rooms.get(before).hide();
      for (const section of document.querySelectorAll("[data-room]")) section.hidden = section.dataset.room !== name;
      document.body.dataset.at = name;
      for (const link of this.nav.querySelectorAll("[data-to]")) {
        const here = link.dataset.to === name;
        if (here) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
        link.tabIndex = here ? 0 : -1;
      }
      if (before !== null) scrollTo({ top: 0 });
      if (focusWasInside) document.querySelector(`[data-room="${name}"]`).focus({ preventScroll: true });
    }
    this.rooms.get(name).show(rest);
  }

  /** One stop for Tab; the arrows go from room to room (roving focus). */
  #arrow(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const links = [...this.nav.querySelectorAll("[data-to]")];
    const next = links[(links.indexOf(document.activeElement) + step + links.length) % links.length];
    for (const link of links) link.tabIndex = link === next ? 0 : -1;
    next.focus();
    event.preventDefault();
  }
}

function address(name, rest) {
  if (name === HOME && rest === "") return location.pathname + location.search;
  return `#${name}${rest === "" ? "" : `/${rest.split("/").map(encodeURIComponent).join("/")}`}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
