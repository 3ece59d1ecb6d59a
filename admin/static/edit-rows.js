/* A list edited in place: what was changed is seen and counted, arrows go from row to row, rows are put in order by
   dragging or by Alt and an arrow. Without it the list is a form like any other. */
"use strict";
(() => {
  const form = document.querySelector("form[data-rows]");
  if (!form) return;
  const body = form.querySelector("tbody");
  const count = form.querySelector("[data-count]");
  const undo = form.querySelector("[data-undo]");
  const ordered = form.querySelector("input[name=ordered]");
  const rows = () => [...body.querySelectorAll("tr[data-row]")];
  const firstOrder = rows();
  const refused = "touched" in form.dataset;
  let leaving = false;

  const isChanged = (control) => {
    if (control.type === "checkbox") return control.checked !== control.defaultChecked;
    if (control.type === "file") return control.value !== "";
    if (control.tagName === "SELECT") {
      const first = [...control.options].find((option) => option.defaultSelected) ?? control.options[0];
      return control.value !== (first?.value ?? "");
    }
    return control.value !== control.defaultValue;
  };
  const controls = (row) => [...row.querySelectorAll("input:not([type=hidden]), select, textarea")];
  const isMoved = () => ordered !== null && rows().some((row, place) => row !== firstOrder[place]);

  const look = () => {
    let changed = 0;
    for (const row of rows()) {
      let touched = false;
      for (const control of controls(row)) {
        const is = isChanged(control);
        control.classList.toggle("is-changed", is);
        touched ||= is;
      }
      row.classList.toggle("is-touched", touched);
      changed += touched;
    }
    const said = [];
    if (changed) said.push(changed === 1 ? count.dataset.one : count.dataset.many.replace("{count}", changed));
    if (isMoved()) said.push(count.dataset.order);
    count.textContent = said.join(" · ") || count.dataset.none;
    form.classList.toggle("is-touched", said.length > 0 || refused);
    undo.hidden = said.length === 0;
    return said.length > 0 || refused;
  };

  form.addEventListener("input", (event) => {
    if (event.target.tagName === "TEXTAREA") event.target.rows = Math.min(6, event.target.value.split("\n").length);
    look();
  });
  form.addEventListener("change", look);
  undo.addEventListener("click", () => {
    form.reset();
    body.append(...firstOrder);
    look();
  });
  form.addEventListener("submit", () => { leaving = true; });
  addEventListener("beforeunload", (event) => { if (!leaving && look()) event.preventDefault(); });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  // ---------- from cell to cell
  const beside = (control, step) => {
    const all = rows();
    const row = control.closest("tr");
    const place = controls(row).indexOf(control);
    const next = all[all.indexOf(row) + step];
    const found = next && controls(next)[place];
    if (found) { found.focus(); found.select?.(); }
    return Boolean(found);
  };
  const restore = (control) => {
    if (control.type === "checkbox") control.checked = control.defaultChecked;
    else if (control.tagName === "SELECT") {
      control.value = ([...control.options].find((option) => option.defaultSelected) ?? control.options[0]).value;
    } else control.value = control.type === "file" ? "" : control.defaultValue;
    look();
  };
  body.addEventListener("keydown", (event) => {
    const control = event.target;
    const row = control.closest("tr[data-row]");
    if (!row) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !control.matches("input, select, textarea")) {
      return;
    } else if (step && control.matches("input:not([type=color]), textarea")) {
      // Inside a text of several lines the arrows are the text's until its first or last line.
      const text = control.tagName === "TEXTAREA" ? control.value : "";
      const inside = step < 0 ? text.slice(0, control.selectionStart) : text.slice(control.selectionEnd);
      if (!inside.includes("\n") && beside(control, step)) event.preventDefault();
    } else if (event.key === "Enter" && control.tagName === "INPUT") {
      event.preventDefault();
      beside(control, 1);
    } else if (event.key === "Escape" && isChanged(control)) {
      event.preventDefault();
      event.stopPropagation();
      restore(control);
    }
  });

  // ---------- the order
  if (ordered) window.putInOrder(body, "tr[data-row]", look);

  look();
})();
