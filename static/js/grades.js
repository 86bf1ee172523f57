// The adverse event form: of the table of grades only the row of the chosen term, and only the grades that it has.
"use strict";
(() => {
  const box = document.getElementById("grades");
  const form = box?.closest("form");
  const term = form?.elements.namedItem("coded_term");
  const grade = form?.elements.namedItem("grade");
  if (!term || !grade) return;
  const rows = [...box.querySelectorAll("[data-term]")];

  const show = () => {
    const chosen = rows.find((row) => row.dataset.term === term.value);
    for (const row of rows) row.hidden = Boolean(chosen) && row !== chosen;
    if (chosen) box.open = true;
    for (const option of grade.options) {
      const cell = chosen?.querySelector(`[data-grade="${option.value}"]`);
      // What is chosen already stays choosable: the server says what is wrong with it, in words.
      option.disabled = cell !== null && cell !== undefined && "impossible" in cell.dataset && !option.selected;
    }
  };
  term.addEventListener("change", show);
  show();
})();
