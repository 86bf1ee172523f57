// What stands beside one question: its history and the comments on it. Its small button; h (history) and m (comment) at the
// question, with Alt inside a text box. Escape closes.
"use strict";
(() => {
  const form = document.querySelector("form.crf");
  if (!form) return;
  const TYPING = "input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]";
  /** Key, and what takes the focus in the panel; nothing: the panel itself. */
  const KEYS = { KeyH: "", KeyM: "textarea" };
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
  const show = (link, html, focused) => {
    panel?.remove();
    const title = part("h2", { id: "past-title", textContent: link.dataset.question });
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
    ((focused && panel.querySelector(focused)) || panel).focus({ preventScroll: true });
    panel.addEventListener("submit", (event) => { event.preventDefault(); send(link, event.target); });
  };
  const open = async (link, from, focused = "") => {
    opener = from;
    try {
      const answer = await fetch(link.href, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      show(link, await answer.text(), focused);
    } catch {
      location.assign(link.href);  // the page of its own says what is the matter
    }
  };
  /** Sends what was written here; what cannot be kept stays in the panel, with the reason. */
  const send = async (link, sent) => {
    const button = sent.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(sent.action, { method: "POST", body: new FormData(sent), headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (answer.redirected && !answer.url.startsWith(link.href)) throw new Error("You are signed out.");
      if (!answer.ok && answer.status !== 422) throw new Error(`The server answered ${answer.status}.`);
      show(link, await answer.text(), answer.ok ? "" : "textarea");
      if (answer.ok) mark(link, panel.querySelectorAll(".comments > li").length);
    } catch (error) {
      button.disabled = false;
      const why = error instanceof TypeError ? "No connection." : error.message;
      sent.querySelector("[role=status]").textContent = `Not kept: ${why} What you wrote stays here; try again.`;
    }
  };
  const mark = (link, count) => {
    link.querySelector(".comment-mark")?.remove();
    if (count) link.append(part("span", { className: "comment-mark", textContent: String(count) }));
    link.setAttribute("aria-label", `History of ${link.dataset.question}, ${count} comment${count === 1 ? "" : "s"}`);
  };

  /** A letter means the key where no letter can be typed: outside of boxes, and in an empty number or date. */
  const isFree = (at) => !at.matches(TYPING) || at.matches("select")
    || (["number", "date", "date and time", "partial date"].includes(at.dataset.kind) && at.value === "");
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.past-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link, link);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && panel) { event.preventDefault(); close(); return; }
    if (!(event.code in KEYS) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = document.activeElement;
    if (!event.altKey && !(keys?.isOn() && isFree(at))) return;
    const link = at.closest(".field, .cell, .derived")?.querySelector("a.past-link");
    if (!link) return;
    event.preventDefault();
    open(link, at, KEYS[event.code]);
  });
})();
