/* The administrators' page of messages: the chat, asked anew while it is looked at, because no socket tells it.
 *
 * Owns: the address (#12) and how often it asks. Must not: know what is in the chat.
 */

import { Chat } from "./chat.js";
import { data, part } from "./page.js";

const EVERY_MS = 6000;

const chat = new Chat(part(document, "chat"), {
  opened: (rest) => {
    if (rest !== here()) history.pushState(null, "", address(rest));
  },
  moved: (rest) => history.replaceState(null, "", address(rest)),
});

function address(rest) {
  return rest === "" ? location.pathname : `#${rest}`;
}

function here() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

addEventListener("hashchange", () => chat.show(here()));
addEventListener("popstate", () => chat.show(here()));
document.addEventListener("visibilitychange", () => document.hidden || chat.hear());
setInterval(() => document.hidden || chat.hear(), EVERY_MS);

const wanted = here() || (data.number ? `with/${data.number}` : "");
chat.show(wanted);
