/* A form as it is filled in: its fields drawn from what the builder or a page says of them, each shown only while its
   condition holds. Draws with elements, never with markup: a label is a text, whatever stands in it.
   fields: [{key, label, kind, required, options, help, value, condition: {key, equals} | null}]
   words: {yes, no, choose}; `yes` and `no` are answers, `yesShown` and `noShown` what stands for them on the screen.
   Gives back {keys, read(key), write(key, value), showError(key, text), focus(key), node(key)}: an answer is a text, of
   several choices a list. `onInput(key)` is called when a person changed a field; `fileControl(field, id)` gives the
   element of a field of files. */
"use strict";
window.drawForm = (box, fields, words, { prefix = "preview", onInput = () => {}, fileControl = null } = {}) => {
  const make = (tag, attributes = {}, ...inside) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== "") node.setAttribute(name, value);
    }
    node.append(...inside);
    return node;
  };
  const TYPES = { number: ["text", "decimal"], date: ["date"], time: ["time"], phone: ["tel", "tel"], email: ["email", "email"], file: ["file"] };
  const LONGEST = 10000;

  const control = (field) => {
    const id = `${prefix}-${field.key}`;
    const common = { id, "aria-describedby": `${field.help ? `${id}-help ` : ""}${id}-error`, "aria-required": field.required ? "true" : "" };
    switch (field.kind) {
      case "long_text":
        return make("textarea", { class: "form-control", rows: 3, maxlength: LONGEST, ...common });
      case "list":
      case "yes_no": {
        const options = field.kind === "list" ? field.options.map((text) => [text, text])
          : [[words.yesShown ?? words.yes, words.yes], [words.noShown ?? words.no, words.no]];
        return make("select", { class: "form-control", ...common }, new Option(words.choose, ""),
          ...options.map(([text, value]) => new Option(text, value)));
      }
      case "choices": {
        delete common["aria-required"];
        return make("div", { class: "filled-form__choices", role: "group", "aria-label": field.label, ...common }, ...field.options.map((text) =>
          make("label", {}, make("input", { type: "checkbox", value: text }), text)));
      }
      default: {
        if (field.kind === "file" && fileControl !== null) return fileControl(field, id);
        const [type, mode] = TYPES[field.kind] ?? ["text"];
        return make("input", { class: "form-control", type, inputmode: mode ?? "", maxlength: type === "file" ? "" : LONGEST, autocomplete: "off", ...common });
      }
    }
  };

  const drawn = new Map();
  for (const field of fields) {
    const id = `${prefix}-${field.key}`;
    const node = field.kind === "heading"
      ? make("h3", { class: "filled-form__heading" }, field.label)
      : make("div", { class: "filled-form__field", "data-kind": field.kind, "data-key": field.key },
        field.kind === "choices" ? make("span", { class: "filled-form__label" }, field.label) : make("label", { for: id }, field.label),
        control(field), make("p", { class: "filled-form__error", id: `${id}-error`, hidden: true }),
        ...(field.help ? [make("div", { class: "field__help", id: `${id}-help` }, field.help)] : []));
    if (field.required && field.kind !== "heading") node.firstChild.append(make("span", { class: "filled-form__required", "aria-hidden": "true" }, " *"));
    drawn.set(field.key, { field, node });
  }
  const ticks = (node) => [...node.querySelectorAll("input[type=checkbox]")];
  const typed = (node) => node.querySelector("input, select, textarea");
  const read = (key) => {
    const { field, node } = drawn.get(key);
    if (field.kind === "choices") return ticks(node).filter((tick) => tick.checked).map((tick) => tick.value);
    return field.kind === "file" ? "" : typed(node).value;
  };
  const write = (key, value) => {
    const { field, node } = drawn.get(key);
    if (field.kind === "choices") {
      const wanted = Array.isArray(value) ? value : value.split("\n").map((one) => one.trim());
      for (const tick of ticks(node)) tick.checked = wanted.includes(tick.value);
    } else if (field.kind !== "file" && field.kind !== "heading") typed(node).value = value;
    show();
  };
  // As the server compares: spaces around do not count, nor which mark a number has.
  const plain = (field, text) => (field.kind === "number" ? text.trim().replace(",", ".") : text.trim());
  const holds = ({ key, equals }) => {
    const other = drawn.get(key);
    if (!other || other.node.hidden || other.field.kind === "heading") return false;
    const said = read(key);
    return Array.isArray(said) ? said.includes(equals) : plain(other.field, said) === plain(other.field, equals);
  };
  const show = () => {
    for (const { field, node } of drawn.values()) node.hidden = Boolean(field.condition) && !holds(field.condition);
  };
  const showError = (key, text) => {
    const { field, node } = drawn.get(key);
    const error = node.querySelector(".filled-form__error");
    error.textContent = text ?? "";
    error.hidden = !text;
    node.classList.toggle("is-wrong", Boolean(text));
    for (const one of field.kind === "choices" ? ticks(node) : [typed(node)]) {
      if (text) one?.setAttribute("aria-invalid", "true");
      else one?.removeAttribute("aria-invalid");
    }
  };
  box.replaceChildren(...[...drawn.values()].map(({ node }) => node));
  for (const { key, value } of fields.filter(({ kind }) => kind !== "heading")) write(key, value ?? "");
  const changed = (event) => {
    event.stopPropagation();
    show();
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (key !== undefined) onInput(key);
  };
  box.oninput = changed;
  show();
  return { keys: [...drawn.keys()].filter((key) => drawn.get(key).field.kind !== "heading"), read, write, showError,
    focus: (key) => typed(drawn.get(key).node)?.focus(), node: (key) => drawn.get(key).node };
};
