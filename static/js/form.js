// The form page: questions appear when they are asked; typed text survives a sign-out, a crash or a lost network.
"use strict";
const enhanceForm = (form) => {
  const key = `draft:${form.dataset.record}`;
  const technical = new Set(["csrfmiddlewaretoken", "idempotency-key", "record-version"]);
  const note = form.querySelector(".savebar [role=status]");

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
  const typed = () => {
    const values = {};
    for (const [name, value] of new FormData(form)) if (!technical.has(name)) values[name] = value;
    return values;
  };
  const keep = () => {
    try {
      const draft = { user: document.body.dataset.user, version: form.dataset.version, values: typed() };
      sessionStorage.setItem(key, JSON.stringify(draft));
      if (note) note.textContent = "Not saved yet; what you type is kept in this browser tab.";
    } catch { /* a full or forbidden store must not stop anybody from typing */ }
  };
  const restore = () => {
    const draft = JSON.parse(sessionStorage.getItem(key) || "null");
    if (!draft) return;
    // Another person at the same ward computer never sees it; a form saved meanwhile is shown as it is stored.
    if (draft.user !== document.body.dataset.user || draft.version !== form.dataset.version) {
      sessionStorage.removeItem(key);
      return;
    }
    for (const [name, value] of Object.entries(draft.values)) {
      const found = form.elements.namedItem(name);
      if (found) found.value = value;
    }
    if (note) note.textContent = "What you had typed before is back; it is not saved yet.";
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

  const refused = form.closest(".form-on-page")?.querySelector(".problem") ?? (form.closest(".form-on-page") ? null : document.querySelector(".problem"));
  if (!refused) restore();
  refresh();
  form.addEventListener("input", (event) => { askWhy(event); keep(); refresh(); });
  form.addEventListener("change", (event) => { askWhy(event); keep(); refresh(); });
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); return; }
    sent = true;
    keep();
  });
  window.addEventListener("pageshow", () => { sent = false; });
};
for (const form of document.querySelectorAll("form.crf")) enhanceForm(form);
