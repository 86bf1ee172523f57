// Signs out after inactivity without losing typed text (drafts.js keeps it), moves focus to errors, works without itself.
"use strict";
/** This page and the question where the person is: the sign-in leads back to it. */
const itpHere = () => {
  const at = document.activeElement;
  const id = at?.id || at?.closest?.(".field, .cell")?.id || location.hash.slice(1);
  return location.pathname + location.search + (id && id !== "content" ? `#${id}` : "");
};
(() => {
  const body = document.body;
  const errors = document.querySelector(".problem");
  if (errors) errors.focus();
  // A link to something folded opens it. After everything else that sets the focus, and after the browser has jumped.
  const folded = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (folded instanceof HTMLDetailsElement) addEventListener("load", () => {
    folded.open = true;
    (folded.querySelector("input:not([type=hidden])") ?? folded.querySelector("summary")).focus();
    folded.scrollIntoView({ block: "center" });
  });
  // On a phone the row of pages scrolls sideways: the page where one is stands in sight.
  const row = document.querySelector(".top nav"), here = row?.querySelector("[aria-current]");
  if (here && row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.offsetLeft - 16;
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
  }, Math.min(240000, limit / 3));
  // A deliberate sign-out leaves nothing in the tab; only a time-out keeps what was typed.
  for (const out of document.querySelectorAll(".who form")) out.addEventListener("submit", () => sessionStorage.clear());
  // Ctrl+L locks: signed out at once, what was typed stays in the tab, and the sign-in leads back here.
  const signOut = document.querySelector(".who form");
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey || event.altKey || event.shiftKey || event.metaKey || event.code !== "KeyL") return;
    event.preventDefault();
    for (const [name, value] of [["lock", "1"], ["next", itpHere()]]) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      signOut.append(input);
    }
    signOut.submit(); // without the event above
  });
  // The server decides; this only brings the sign-in page up, so that nobody else reads the screen.
  setInterval(() => {
    if (Date.now() - last > limit + 5000) {
      location.assign(`${body.dataset.signIn}?next=${encodeURIComponent(itpHere())}`);
    }
  }, 5000);
})();
