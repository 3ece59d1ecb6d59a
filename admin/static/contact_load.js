/* A load at work: asks how far it is until it is done, then shows the page anew. */
"use strict";
(() => {
  const panel = document.querySelector("[data-load]");
  if (!panel) return;
  const part = (name) => panel.querySelector(`[data-load-${name}]`);
  const bar = part("bar");
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const state = panel.querySelector("b").textContent;
  let first;
  const ask = async () => {
    try {
      const answer = await fetch(panel.dataset.load, { headers: { Accept: "application/json" } });
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) {
        const told = await answer.json();
        first ??= told.state;
        if (!told.busy || told.state !== first) { location.reload(); return; }
        part("done").textContent = number.format(told.done);
        if (told.total) {
          bar.max = told.total;
          bar.value = Math.min(told.done, told.total);
          const total = part("total");
          if (total) total.textContent = number.format(told.total);
        }
        part("away").classList.toggle("is-hidden", told.alive);
      }
    } catch { /* the web is away for a moment: the next question tells */ }
    setTimeout(ask, state && document.hidden ? 5000 : 700);
  };
  ask();
})();
