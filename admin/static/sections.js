/* Lists and forms: page size, colour fields, fields that depend on others, unsaved changes.
   Each is a help: without it the page works. */
"use strict";
(() => {
  for (const form of document.querySelectorAll("[data-autosubmit]")) {
    form.addEventListener("change", () => form.submit());
  }

  for (const picker of document.querySelectorAll("[data-color-of]")) {
    const text = document.getElementById(picker.dataset.colorOf);
    picker.addEventListener("input", () => { text.value = picker.value; text.dispatchEvent(new Event("change", { bubbles: true })); });
    text.addEventListener("input", () => { if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value; });
  }

  // The player's own arrow keys work on its line alone: here they seek from wherever in it the focus is.
  for (const player of document.querySelectorAll("audio[data-seek]")) {
    const to = { ArrowLeft: -5, ArrowRight: 5, Home: -Infinity, End: Infinity };
    player.addEventListener("keydown", (event) => {
      if (!(event.key in to) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !(player.duration > 0)) return;
      event.preventDefault();
      player.currentTime = Math.max(0, Math.min(player.duration, player.currentTime + to[event.key]));
    });
  }

  // On a narrow screen the form to add is folded away, unless it has something to say.
  if (matchMedia("(max-width: 900px)").matches) {
    for (const fold of document.querySelectorAll("details[data-fold]:not([data-refused])")) fold.open = false;
  }

  for (const button of document.querySelectorAll("[data-unfold]")) {
    const filters = button.closest("form");
    const fold = (folded) => {
      filters.classList.toggle("is-folded", folded);
      button.setAttribute("aria-expanded", String(!folded));
    };
    fold(!("used" in filters.dataset));
    button.addEventListener("click", () => fold(!filters.classList.contains("is-folded")));
  }

  // A field that only one choice of another needs: data-only-if="name=value,value".
  for (const control of document.querySelectorAll("[data-only-if]")) {
    const [name, values] = control.dataset.onlyIf.split("=");
    const other = document.getElementById(name);
    const show = () => control.closest(".field").classList.toggle("is-hidden", !values.split(",").includes(other.value));
    other?.addEventListener("change", show);
    if (other) show();
  }

  // A slip follows the paper that is typed; the picture is the server's, as the printer's is.
  const slip = document.querySelector("[data-slip]");
  if (slip) {
    const names = ["kind", "letter", "paper_width", "code_page", "margin_top", "margin_left", "margin_right", "margin_bottom"];
    const form = document.getElementById("letter").form;
    form.addEventListener("input", () => {
      const wanted = new URLSearchParams(names.filter((name) => name in form.elements).map((name) => [name, form.elements[name].value]));
      if (form.elements.sends_commands?.checked) wanted.set("sends_commands", "1");
      slip.src = `${slip.dataset.slip}?${wanted}`;
    });
  }

  // ---------- leaving with unsaved changes
  const kept = document.querySelector("form[data-keep]");
  if (kept) {
    let changed = false;
    kept.addEventListener("input", () => { changed = true; });
    kept.addEventListener("submit", () => { changed = false; });
    addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
    addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); kept.requestSubmit(); }
    });
  }

  // What was refused is where the eyes and the keyboard go.
  document.querySelector("main [aria-invalid=true]")?.focus();
})();
