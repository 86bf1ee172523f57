// What stands beside one question: its history, the comments on it and photos of its source. Its small button; h (history),
// m (comment) and p (photo) at the question, with Alt inside a text box. Escape closes.
"use strict";
(() => {
  const form = document.querySelector("form.crf");
  if (!form) return;
  const TYPING = "input:not([type=radio], [type=checkbox], [type=button]), textarea, select, [contenteditable]";
  /** Key, and what takes the focus in the panel; nothing: the panel itself. */
  const KEYS = { KeyH: "", KeyM: "textarea", KeyP: "input[type=file]" };
  let panel = null;
  let opener = null;
  /** Address of a question -> what was written there when its panel was closed, for the next time. */
  const unsent = new Map();

  const close = () => {
    if (!panel) return;
    unsent.set(panel.dataset.of, panel.querySelector("textarea")?.value ?? "");
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
    const title = part("h2", { id: "past-title", textContent: link.dataset.question });
    const button = part("button", { type: "button", className: "quiet", textContent: "Close" });
    button.addEventListener("click", close);
    const body = part("div", { innerHTML: html });
    if (panel) close();
    panel = part("section", { className: "past-panel", tabIndex: -1 }, part("div", { className: "head" }, title, button), body);
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-labelledby", "past-title");
    panel.dataset.of = link.href;
    const text = panel.querySelector("textarea");
    if (text) text.value = unsent.get(link.href) ?? "";
    document.body.append(panel);
    // Beside the question; on a phone the stylesheet puts it at the foot of the screen.
    const top = link.closest(".field, .cell, .derived").getBoundingClientRect().top;
    panel.style.setProperty("--past-top", `${Math.max(8, Math.min(top, innerHeight - panel.offsetHeight - 8))}px`);
    const first = (focused && panel.querySelector(focused)) || panel;
    first.focus({ preventScroll: true });
    if (first.type === "file") first.click();  // the camera or the list of files; where the browser refuses, Space opens it
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
  /** A photo as large as it is kept and no larger: the ward's network is slow. What is no photo goes as it is, and is refused. */
  const LONGEST = 1600;
  const smaller = async (file) => {
    try {
      const photo = await createImageBitmap(file), scale = Math.min(1, LONGEST / Math.max(photo.width, photo.height));
      const canvas = part("canvas", { width: Math.round(photo.width * scale), height: Math.round(photo.height * scale) });
      const paper = canvas.getContext("2d");
      paper.fillStyle = "white";  // what is transparent would become black
      paper.fillRect(0, 0, canvas.width, canvas.height);
      paper.drawImage(photo, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => { canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.8); });
    } catch { return file; }
  };
  const contentOf = async (sent) => {
    const content = new FormData(sent), file = content.get("photo");
    if (file?.size) content.set("photo", await smaller(file), "photo.jpg");
    return content;
  };
  /** Sends what was written or chosen here; what cannot be kept stays in the panel, with the reason. */
  const send = async (link, sent) => {
    const button = sent.querySelector("button"), said = sent.querySelector("[role=status]");
    button.disabled = true;
    said.textContent = "Sending";
    try {
      const answer = await fetch(sent.action, { method: "POST", body: await contentOf(sent), headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (answer.redirected && !answer.url.startsWith(link.href)) throw new Error("you are signed out.");
      if (answer.status === 422) throw new Error(refusalIn(await answer.text()));
      if (!answer.ok) throw new Error(`the server answered ${answer.status}.`);
      kept(link, sent, part("div", { innerHTML: await answer.text() }));
    } catch (error) {
      button.disabled = false;
      button.focus();
      said.textContent = `Not kept: ${error instanceof TypeError ? "no connection." : error.message} What stands here stays; try again.`;
    }
  };
  /** The thread grows; what stands in the other form of the panel stays there. */
  const kept = (link, sent, fresh) => {
    const thread = fresh.querySelector(".comments");
    unsent.delete(link.href);
    mark(link, thread.children.length);
    if (!panel?.contains(sent)) return;
    sent.reset();
    sent.querySelector("[name=idempotency-key]").value = fresh.querySelector("[name=idempotency-key]").value;
    sent.querySelector("button").disabled = false;
    sent.querySelector("[role=status]").textContent = "Kept.";
    panel.querySelector(".comments")?.remove();
    sent.parentElement.prepend(thread);
    panel.focus({ preventScroll: true });
  };
  const refusalIn = (html) => {
    const box = part("div", { innerHTML: html }).querySelector(".field-error");
    return box ? box.textContent.replace("✕", "").trim() : "the server refused it.";
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
