// A form: questions appear when they are asked, the reason when a stored answer was touched. drafts.js keeps what is typed.
"use strict";
const enhanceForm = (form) => {
  const valueOf = (name) => {
    const found = form.elements.namedItem(name);
    return found ? found.value : "";
  };
  const refresh = () => {
    for (const box of form.querySelectorAll("[data-asked-if]")) {
      const asked = box.dataset.askedValues.split(" ").includes(valueOf(box.dataset.askedIf));
      box.classList.toggle("not-asked", !asked);
    }
    for (const section of form.querySelectorAll(".section:not(.lines)")) {
      const boxes = [...section.querySelectorAll(".field, .cell")];
      section.classList.toggle("nothing-asked", boxes.length > 0 && boxes.every((box) => box.classList.contains("not-asked")));
    }
    for (const box of form.querySelectorAll(".field")) {
      const typed = [...box.querySelectorAll("input:not([type=radio]), textarea")].some((i) => i.value !== "");
      box.classList.toggle("has-value", typed || box.querySelector("input[type=radio]:checked") !== null);
    }
  };
  // The reason is asked for only when a stored answer was touched.
  const why = form.querySelector(".why-change");
  if (why && !why.querySelector(".field-error, option[selected]")) why.hidden = true;
  const askWhy = (event) => {
    const box = event.target.closest?.(".field, .cell");
    if (why && box && why.hidden && box.dataset.stored !== undefined) why.hidden = false;
  };
  // "The rest: none" in one key, for grids whose answers include 0.
  for (const grid of form.querySelectorAll("table.grid")) {
    const firsts = [...grid.querySelectorAll("tbody tr")].map((row) => row.querySelector("td select")).filter(Boolean);
    if (!firsts.some((select) => select.querySelector('option[value="0"]')) || form.querySelector("fieldset[disabled]")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Set the empty ones to 0 (none)";
    button.addEventListener("click", () => {
      for (const select of firsts) if (select.value === "") select.value = "0";
      form.dispatchEvent(new Event("change"));
    });
    grid.parentElement.before(button);
  }

  refresh();
  form.addEventListener("input", (event) => { askWhy(event); refresh(); });
  form.addEventListener("change", (event) => { askWhy(event); refresh(); });
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    sent = true;
  });
  window.addEventListener("pageshow", () => { sent = false; });
};
for (const form of document.querySelectorAll("form.crf")) enhanceForm(form);

// Back on the exact question: after a sign-in the address names it. A group of radio buttons is entered at its first button.
(() => {
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const box = named && named.closest(".field, .cell");
  if (box) (named.matches("input, select, textarea") ? named : box.querySelector("input, select, textarea"))?.focus();
})();
