/* Rows put in order by hand: dragged by their grip, moved by buttons, or with Alt and an arrow from wherever the
   keyboard is in the row. The page says what happens then. Used by lists, members with priorities, the builder. */
"use strict";
window.putInOrder = (container, selector, moved, may = () => true) => {
  const rows = () => [...container.children].filter((row) => row.matches(selector) && may(row));
  const move = (row, step) => {
    const all = rows();
    const next = all[all.indexOf(row) + step];
    if (!next || !may(row)) return;
    step < 0 ? next.before(row) : next.after(row);
    moved(row);
  };
  const rowOf = (node) => node.closest(selector);

  container.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    event.preventDefault();
    move(rowOf(button), button.dataset.move === "up" ? -1 : 1);
    button.focus();
  });
  container.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const row = rowOf(event.target);
    if (!event.altKey || !step || !row) return;
    event.preventDefault();
    event.stopPropagation();
    move(row, step);
    event.target.focus();
  });

  let dragged = null;
  container.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0 || !may(rowOf(grip))) return;
    dragged = rowOf(grip);
    dragged.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  container.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    for (const row of rows()) {
      const box = row.getBoundingClientRect();
      if (row === dragged || event.clientY < box.top || event.clientY > box.bottom) continue;
      event.clientY < box.top + box.height / 2 ? row.before(dragged) : row.after(dragged);
      break;
    }
  });
  const drop = () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    const row = dragged;
    dragged = null;
    moved(row);
  };
  container.addEventListener("pointerup", drop);
  container.addEventListener("pointercancel", drop);
};
