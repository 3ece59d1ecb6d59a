/* A menu that opens under its button: where it stands, and its keys.
 *
 * Owns: that. Must not: know what is in it.
 */

/** `menu`: an element with `popover`; whoever opens it, it hangs under `button`, and its first choice has the keyboard. */
export function hangMenu(menu, button) {
  menu.ontoggle = ({ newState }) => {
    const open = newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    const box = button.getBoundingClientRect();
    const room = document.documentElement.clientWidth - menu.offsetWidth - 8;
    menu.style.top = `${box.bottom + 6}px`;
    menu.style.left = `${Math.max(8, Math.min(box.left, room))}px`;
    choices(menu)[0]?.focus();
  };
  menu.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    const all = choices(menu);
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    event.preventDefault();
  };
}

function choices(menu) {
  return [...menu.querySelectorAll("button")];
}
