// Signs out after inactivity without losing typed text (form.js keeps it), moves focus to errors, works without itself.
"use strict";
(() => {
  const body = document.body;
  const errors = document.querySelector(".problem");
  if (errors) errors.focus();
  if (!body.dataset.user) return;
  const limit = Number(body.dataset.inactivitySeconds) * 1000;
  let last = Date.now();
  for (const event of ["keydown", "pointerdown", "scroll"]) {
    document.addEventListener(event, () => { last = Date.now(); }, { passive: true });
  }
  // Typing without loading a page is activity too: tell the server now and then.
  let told = Date.now();
  setInterval(() => {
    if (last > told) { told = Date.now(); fetch("/healthz", { credentials: "same-origin" }).catch(() => {}); }
  }, 240000);
  // A deliberate sign-out leaves nothing in the tab; only a time-out keeps what was typed.
  for (const out of document.querySelectorAll(".who form")) out.addEventListener("submit", () => sessionStorage.clear());
  // The server decides; this only brings the sign-in page up, so that nobody else reads the screen.
  setInterval(() => {
    if (Date.now() - last > limit + 5000) {
      const here = location.pathname + location.search;
      location.assign(`${body.dataset.signIn}?next=${encodeURIComponent(here)}`);
    }
  }, 5000);
})();
