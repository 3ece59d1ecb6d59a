/* The builder of forms: rows added, removed and put in order, options only where a kind has them, conditions on the
   fields above, and what the agent will see. Without it the page saves all the same. */
"use strict";
(() => {
  const rows = document.querySelector("[data-builder-rows]");
  if (!rows) return;
  const preview = document.querySelector("[data-form-preview]");
  const words = { yes: rows.dataset.yes, no: rows.dataset.no, choose: rows.dataset.choose };
  const WITH_OPTIONS = new Set(["list", "choices"]);
  const all = () => [...rows.querySelectorAll("[data-builder-row]")];
  const part = (row, name) => rows.querySelector(`[name="field-${row.dataset.key}-${name}"]`);
  const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

  const read = (row) => {
    const of = part(row, "condition_field").value;
    return {
      key: row.dataset.key,
      label: part(row, "label").value.trim(),
      kind: part(row, "kind").value,
      required: part(row, "required").checked,
      options: lines(part(row, "options").value),
      help: part(row, "help").value.trim(),
      value: part(row, "default_value").value,
      condition: of ? { key: of.replace(/^row-/, ""), equals: part(row, "condition_equals").value.trim() } : null,
    };
  };

  const values = (field) => (field?.kind === "yes_no" ? [words.yes, words.no] : WITH_OPTIONS.has(field?.kind) ? field.options : []);
  const look = () => {
    const earlier = [];
    for (const row of all()) {
      const field = read(row);
      row.querySelector("[data-builder-options]").classList.toggle("is-hidden", !WITH_OPTIONS.has(field.kind));
      const select = part(row, "condition_field");
      const wanted = select.value;
      const offered = earlier.filter((one) => one.label && one.kind !== "heading");
      const options = [new Option(rows.dataset.always, ""), ...offered.map((one) => new Option(one.label, `row-${one.key}`))];
      // One that stands below by now is still named: the server says why it cannot be.
      if (wanted && !offered.some((one) => `row-${one.key}` === wanted)) {
        const lost = rows.querySelector(`[name="field-${wanted.replace(/^row-/, "")}-label"]`);
        options.push(new Option(lost?.value || rows.dataset.nameless, wanted));
      }
      select.replaceChildren(...options);
      select.value = wanted;
      const of = earlier.find((one) => `row-${one.key}` === wanted);
      document.getElementById(`field-${row.dataset.key}-values`).replaceChildren(...values(of).map((text) => new Option(text, text)));
      earlier.push(field);
    }
    const shown = earlier.filter((one) => one.label);
    if (shown.length) window.drawForm(preview, shown, words);
    else preview.textContent = preview.dataset.empty;
  };

  const changed = () => { rows.dispatchEvent(new Event("input", { bubbles: true })); };
  preview.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault(); });
  rows.addEventListener("input", look);
  rows.addEventListener("change", look);
  window.putInOrder(rows, "[data-builder-row]", changed);
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-builder=remove]");
    if (!button) return;
    const row = button.closest("[data-builder-row]");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    changed();
    next?.querySelector("input:not([type=hidden])").focus();
  });
  const template = document.querySelector("[data-builder-template]");
  let added = 0;
  document.querySelector("[data-builder-add]").addEventListener("click", () => {
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("KEY", `a${added++}`);
    const row = holder.content.querySelector("[data-builder-row]");
    rows.append(row);
    look();
    row.querySelector("input:not([type=hidden])").focus();
  });
  look();
})();
