/* Every page: the narrow menu, drop-downs, the engine's state, keys. No page needs it to be used. */
"use strict";
(() => {
  const menu = document.querySelector("[data-menu]");
  const openMenu = (open) => {
    document.body.classList.toggle("nav-open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu?.addEventListener("click", () => openMenu(menu.getAttribute("aria-expanded") !== "true"));

  document.addEventListener("click", (event) => {
    for (const drop of document.querySelectorAll("details[data-drop][open]")) {
      if (!drop.contains(event.target)) drop.open = false;
    }
  });

  const typing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const drop of document.querySelectorAll("details[data-drop][open]")) {
        drop.open = false;
        drop.querySelector("summary").focus();
      }
      if (menu && document.body.classList.contains("nav-open")) { openMenu(false); menu.focus(); }
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") {
      const filter = document.querySelector("[data-filter]");
      if (filter) { event.preventDefault(); filter.focus(); filter.select?.(); }
    }
  });

  // The engine's state: asked at once and every 15 s while the page is looked at.
  const pill = document.querySelector("[data-engine]");
  const ask = async () => {
    if (document.hidden) return;
    let state = "away";
    try {
      const answer = await fetch(pill.dataset.engine, { headers: { Accept: "application/json" } });
      if (answer.status === 401) { location.reload(); return; }
      if (answer.ok) state = (await answer.json()).state;
    } catch { /* the web itself is away: as good as no engine */ }
    pill.textContent = pill.dataset[state];
    pill.className = `pill pill--${{ ok: "ok", part: "warn" }[state] ?? "bad"}`;
  };
  if (pill) {
    ask();
    setInterval(ask, 15000);
    document.addEventListener("visibilitychange", ask);
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.classList.add("is-done");
    });
  }
})();
