/* A form as it is filled in: its fields drawn from what the builder or a page says of them, each shown only while its
   condition holds. Draws with elements, never with markup: a label is a text, whatever stands in it.
   fields: [{key, label, kind, required, options, help, value, condition: {key, equals} | null}] */
"use strict";
window.drawForm = (box, fields, words) => {
  const make = (tag, attributes = {}, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== "") node.setAttribute(name, value);
    }
    node.append(...inside);
    return node;
  };
  const prefix = "preview";
  const TYPES = { number: ["text", "decimal"], date: ["date"], time: ["time"], phone: ["tel", "tel"], email: ["email", "email"], file: ["file"] };

  const control = (field) => {
    const id = `${prefix}-${field.key}`;
    const described = field.help ? `${id}-help` : "";
    switch (field.kind) {
      case "long_text": {
        const text = make("textarea", { class: "form-control", id, rows: 3, "aria-describedby": described });
        text.value = field.value;
        return text;
      }
      case "list":
      case "yes_no": {
        const options = field.kind === "list" ? field.options : [words.yes, words.no];
        const select = make("select", { class: "form-control", id, "aria-describedby": described }, new Option(words.choose, ""),
          ...options.map((text) => new Option(text, text)));
        select.value = options.includes(field.value) ? field.value : "";
        return select;
      }
      case "choices": {
        const wanted = field.value.split("\n").map((one) => one.trim());
        return make("div", { class: "filled-form__choices", id, role: "group", "aria-label": field.label }, ...field.options.map((text) => {
          const tick = make("input", { type: "checkbox", value: text });
          tick.checked = wanted.includes(text);
          return make("label", {}, tick, text);
        }));
      }
      default: {
        const [type, mode] = TYPES[field.kind] ?? ["text"];
        const input = make("input", { class: "form-control", id, type, inputmode: mode ?? "", "aria-describedby": described, autocomplete: "off" });
        if (type !== "file") input.value = field.value;
        return input;
      }
    }
  };

  const drawn = new Map();
  for (const field of fields) {
    const id = `${prefix}-${field.key}`;
    const node = field.kind === "heading"
      ? make("h3", { class: "filled-form__heading" }, field.label)
      : make("div", { class: "filled-form__field", "data-kind": field.kind },
        field.kind === "choices" ? make("span", { class: "filled-form__label" }, field.label) : make("label", { for: id }, field.label),
        control(field), ...(field.help ? [make("div", { class: "field__help", id: `${id}-help` }, field.help)] : []));
    if (field.required && field.kind !== "heading") node.firstChild.append(make("span", { class: "filled-form__required", "aria-hidden": "true" }, " *"));
    drawn.set(field.key, { field, node });
  }
  const said = ({ field, node }) => {
    if (node.hidden || field.kind === "heading") return [];
    if (field.kind === "choices") return [...node.querySelectorAll("input:checked")].map((tick) => tick.value);
    return [node.querySelector("input, select, textarea").value];
  };
  const show = () => {
    for (const one of drawn.values()) {
      const { condition } = one.field;
      const other = condition && drawn.get(condition.key);
      one.node.hidden = Boolean(condition) && !(other && said(other).includes(condition.equals));
    }
  };
  box.replaceChildren(...[...drawn.values()].map(({ node }) => node));
  box.oninput = (event) => { event.stopPropagation(); show(); };
  show();
};
