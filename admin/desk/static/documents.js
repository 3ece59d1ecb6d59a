/* The dialog in which a document of *Adjuntos* is chosen.
 *
 * Owns: the search and the choice. Must not: attach it.
 */

import { fileSize } from "./look.js";
import { data, make, part, say } from "./page.js";
import { get } from "./web.js";

const AFTER_TYPING_MS = 200;

/** The id of the document, or null: the agent thought better of it. */
export function chooseDocument() {
  const dialog = document.getElementById("documents");
  const search = part(dialog, "search");
  let timer = 0;
  search.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  search.focus();
  fill(dialog, search);
  search.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => fill(dialog, search), AFTER_TYPING_MS);
  };
  // Enter looks: a document is chosen by its own button.
  search.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    fill(dialog, search);
  };
  return new Promise((resolve) => {
    dialog.onclose = () => {
      clearTimeout(timer);
      resolve(dialog.returnValue === "" ? null : Number(dialog.returnValue));
    };
  });
}

async function fill(dialog, search) {
  const asked = search.value;
  const { status, body } = await get(`${data.urls.documents}?q=${encodeURIComponent(asked)}`);
  if (search.value !== asked) return;
  const list = part(dialog, "list");
  const note = part(dialog, "note");
  const documents = status === 200 ? body.documents : [];
  note.hidden = documents.length > 0;
  note.textContent = say(status !== 200 ? "documents.unread" : asked.trim() === "" ? "documents.none" : "documents.not_found");
  list.replaceChildren(...documents.map((one) => row(dialog, one)));
}

function row(dialog, one) {
  const about = [one.description, fileSize(one.size, data.language), one.private ? say("documents.private") : ""].filter(Boolean);
  const button = make(
    "button",
    { type: "button", className: "document" },
    make("span", { className: "document-name" }, one.name),
    make("span", { className: "document-about" }, about.join(" · ")),
  );
  button.onclick = () => dialog.close(String(one.id));
  return make("li", {}, button);
}
