// The course read by hover and by arrow keys: one mark at a time, in the order of time, in words below the drawing.
"use strict";
(() => {
  for (const figure of document.querySelectorAll("figure.chart")) {
    const drawing = figure.querySelector(".drawing"), reader = figure.querySelector(".reader");
    let current = null;
    const marks = () => [...figure.querySelectorAll("svg")].filter((svg) => svg.getClientRects().length)
      .flatMap((svg) => [...svg.querySelectorAll(".mark")]).sort((a, b) => a.dataset.x - b.dataset.x);
    const read = (mark) => {
      if (current) current.classList.remove("current");
      current = mark;
      mark.classList.add("current");
      reader.textContent = mark.querySelector("title").textContent;
    };
    drawing.addEventListener("pointerover", (event) => {
      const mark = event.target.closest(".mark");
      if (mark) read(mark);
    });
    drawing.addEventListener("keydown", (event) => {
      const all = marks(), at = all.indexOf(current), last = all.length - 1;
      const to = { ArrowRight: Math.min(at + 1, last), ArrowLeft: at < 0 ? last : Math.max(at - 1, 0), Home: 0, End: last }[event.key];
      if (to === undefined || last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      read(all[to]);
    });
  }
})();
