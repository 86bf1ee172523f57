// The history of one question beside it: its small button, h at the field, Alt+H inside a text box. Escape closes.
"use strict";
(() => {
  const form = document.querySelector("form.crf");
  if (!form) return;
  const TYPING = "input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]";
  let panel = null;
  let opener = null;

  const close = () => {
    if (!panel) return;
    panel.remove();
    panel = null;
    if (opener?.isConnected) opener.focus();
  };
  const part = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const show = (link, html) => {
    panel?.remove();
    const title = part("h2", { id: "past-title", textContent: link.getAttribute("aria-label") });
    const button = part("button", { type: "button", className: "quiet", textContent: "Close" });
    button.addEventListener("click", close);
    const body = part("div", { innerHTML: html });
    panel = part("aside", { className: "past-panel", tabIndex: -1 }, part("div", { className: "head" }, title, button), body);
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-labelledby", "past-title");
    document.body.append(panel);
    // Beside the question; on a phone the stylesheet puts it at the foot of the screen.
    const top = link.closest(".field, .cell, .derived").getBoundingClientRect().top;
    panel.style.setProperty("--past-top", `${Math.max(8, Math.min(top, innerHeight - panel.offsetHeight - 8))}px`);
    panel.focus({ preventScroll: true });
  };
  const open = async (link, from) => {
    opener = from;
    try {
      const answer = await fetch(link.href, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      show(link, await answer.text());
    } catch {
      location.assign(link.href);  // the page of its own says what is the matter
    }
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.past-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link, link);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel) { event.preventDefault(); close(); return; }
    if (event.code !== "KeyH" || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = document.activeElement;
    if (!event.altKey && at.matches(TYPING)) return;
    const link = at.closest(".field, .cell, .derived")?.querySelector("a.past-link");
    if (!link) return;
    event.preventDefault();
    open(link, at);
  });
})();
