/* The dialog in which the agent says to whom the call goes.
 *
 * Owns: the list of targets and the choice. Must not: send it.
 */

import { data, make, part, say } from "./page.js";
import { get } from "./web.js";

const dialog = document.getElementById("pass");
const form = dialog.querySelector("form");
const error = part(dialog, "error");

form.oninput = () => {
  error.hidden = true;
};

/** `{type: "transfer" | "consult", agent | call_center | number}`, or null: the agent thought better of it. */
export async function askWhereTo() {
  form.reset();
  error.hidden = true;
  dialog.returnValue = "";
  dialog.showModal();
  fill();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      if (event.submitter?.value && target() === null) {
        event.preventDefault();
        error.hidden = false;
        form.elements.number.focus();
      }
    };
    dialog.onclose = () => resolve(dialog.returnValue ? { type: dialog.returnValue, ...target() } : null);
  });
}

function target() {
  const number = form.elements.number.value.replace(/[\s().-]/g, "");
  if (number !== "") return /^\+?[0-9]{3,20}$/.test(number) ? { number } : null;
  const [kind, id] = form.elements.to.value.split(":");
  return id === undefined ? null : { [kind]: Number(id) };
}

async function fill() {
  const select = form.elements.to;
  const first = select.options[0];
  const { status, body } = await get(data.urls.targets);
  first.textContent = say(status === 200 ? "pass.choose" : "pass.unread");
  if (status !== 200) return;
  const chosen = select.value;
  const group = (label, rows) => (rows.length === 0 ? null : make("optgroup", { label }, ...rows));
  select.replaceChildren(
    ...[
      first,
      group(
        say("pass.agents"),
        body.agents.map(({ id, name, endpoint, state }) =>
          make("option", { value: `agent:${id}` }, `${name} (${endpoint}) · ${say(`state.${state}`)}`),
        ),
      ),
      group(
        say("pass.call_centers"),
        body.call_centers.map(({ id, name }) => make("option", { value: `call_center:${id}` }, name)),
      ),
    ].filter((child) => child !== null),
  );
  select.value = chosen;
}
