/* Members that are ticked: filtered, counted, and with priorities: those chosen stand first, in the order in which
   they ring. Moving one numbers them anew; without a script the numbers are typed. */
"use strict";
(() => {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  for (const filter of document.querySelectorAll("[data-members-filter]")) {
    const rows = [...document.getElementById(filter.dataset.membersFilter).children];
    filter.addEventListener("input", () => {
      const wanted = plain(filter.value);
      for (const row of rows) row.hidden = !plain(row.textContent).includes(wanted);
    });
    filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }
  for (const count of document.querySelectorAll("[data-count-of]")) {
    const box = document.getElementById(count.dataset.countOf);
    box?.addEventListener("change", () => { count.textContent = box.querySelectorAll("input[type=checkbox]:checked").length; });
  }

  for (const box of document.querySelectorAll("[data-members-ranked]")) {
    const isChosen = (row) => row.querySelector("input[type=checkbox]").checked;
    const rank = (row) => row.querySelector(".members__rank");
    const chosen = () => [...box.children].filter(isChosen);
    const number = () => {
      chosen().forEach((row, place) => { rank(row).value = place + 1; });
      box.dispatchEvent(new Event("input", { bubbles: true }));
    };
    window.putInOrder(box, ".members__row", number, isChosen);
    box.addEventListener("change", (event) => {
      if (event.target.type !== "checkbox") return;
      const row = event.target.closest(".members__row");
      if (!event.target.checked) { rank(row).value = ""; return; }
      // A new one rings last: after the others that are chosen, with the number that follows theirs.
      const others = chosen().filter((one) => one !== row);
      if (others.length) {
        others.at(-1).after(row);
        rank(row).value = Math.min(999, Math.max(...others.map((one) => Number(rank(one).value) || 0)) + 1);
        event.target.focus();
      }
    });
  }
})();
