/* Print jobs: followed while one of them is under way; the slip on the chosen printer's paper; printing from the browser.
   Each is a help: without it the page works, and is loaded anew by hand. */
"use strict";
(() => {
  // ---------- the jobs on the page, as they are now
  const EVERY_MS = 1000;
  const follow = async () => {
    const shown = document.querySelector("[data-follow]");
    if (!shown || !("unfinished" in shown.dataset)) return;
    try {
      const answer = await fetch(shown.dataset.follow, { headers: { Accept: "text/html" } });
      if (answer.redirected) { location.reload(); return; }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(shown.id);
        if (fresh && fresh.innerHTML !== shown.innerHTML) {
          const focused = shown.contains(document.activeElement) ? document.activeElement.id : "";
          shown.replaceWith(fresh);
          if (focused) document.getElementById(focused)?.focus();
        }
      }
    } catch { /* the web is away for a moment: the next question tells */ }
    setTimeout(follow, document.hidden ? 5000 : EVERY_MS);
  };
  setTimeout(follow, EVERY_MS);

  // ---------- the slip on the paper of the printer that is chosen
  const picture = document.querySelector("[data-paper-of]");
  const chosen = document.getElementById("printer");
  if (picture && chosen) {
    chosen.addEventListener("change", () => { picture.src = `${chosen.dataset.paper}?printer=${chosen.value}`; });
  }

  // ---------- printing from this browser: asked for once, and again by the button
  for (const button of document.querySelectorAll(".print-sheet [data-print]")) button.addEventListener("click", () => print());
  const address = new URL(location.href);
  if (document.querySelector("[data-print-now]") && address.searchParams.has("ahora")) {
    address.searchParams.delete("ahora");
    history.replaceState(null, "", address);
    addEventListener("load", () => setTimeout(() => print(), 0));
  }
})();
