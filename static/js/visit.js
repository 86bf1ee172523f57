// The page of a visit: a form is saved in its place, the rail counts what is left, the foot says what the visit waits for.
"use strict";
(() => {
  const page = document.querySelector(".visit-page");
  if (!page) return;
  const say = document.getElementById("visit-said");

  // --- what is left ------------------------------------------------------------------------------------------------
  const isLeft = (box) => {
    if (box.dataset.wanted === undefined || box.closest(".not-asked")) return false;
    if (box.querySelector("input[type=radio]:checked:not([value=''])")) return false;
    return [...box.querySelectorAll("input:not([type=radio]), textarea, select")].every((i) => i.value === "");
  };
  const boxes = (element) => [...element.querySelectorAll(".field, .cell")].filter((box) => !box.closest(".lines"));
  const count = (element) => boxes(element).filter(isLeft).length;
  const words = (section) => {
    const left = count(section);
    if (left) return `○ ${left} left`;
    return boxes(section).every((box) => box.closest(".not-asked")) ? "– not asked" : "● done";
  };
  const recount = () => {
    for (const link of page.querySelectorAll("[data-part]")) {
      const section = document.getElementById(link.dataset.part);
      if (section) link.querySelector(".left").textContent = words(section);
    }
    sumUp();
  };
  const sumUp = () => {
    const waiting = [...page.querySelectorAll(".form-on-page")].map((article) => {
      const left = count(article);
      const begun = article.dataset.waits.startsWith("not started") && !article.querySelector(".has-value") ? "not started, " : "";
      const waits = left ? `${begun}${left} left` : article.dataset.unsaved !== undefined ? "not saved" : article.dataset.waits;
      return [article, waits];
    }).filter(([, waits]) => waits);
    const sum = document.getElementById("visit-sum");
    sum.replaceChildren(waiting.length ? "Visit complete except: " : "Visit complete.");
    waiting.forEach(([article, waits], place) => {
      const link = document.createElement("a");
      Object.assign(link, { href: `#${article.id}`, textContent: article.querySelector("h2").textContent });
      sum.append(link, ` (${waits})${place + 1 < waiting.length ? "; " : "."}`);
    });
  };

  // --- saving in place ---------------------------------------------------------------------------------------------
  const put = (article, html) => {
    const made = new DOMParser().parseFromString(html, "text/html");
    const fresh = made.querySelector(".form-on-page");
    if (!fresh) return null;
    say.replaceChildren(...[...made.querySelectorAll(".message")].filter((m) => !fresh.contains(m)).map((m) => document.adoptNode(m)));
    article.replaceWith(document.adoptNode(fresh));
    const entry = made.querySelector(".rail-form");
    if (entry) document.getElementById(entry.id)?.replaceWith(document.adoptNode(entry));
    for (const form of fresh.querySelectorAll("form.crf")) { enhanceForm(form); drafts?.watch(form); }
    recount();
    return fresh;
  };
  const send = async (form) => {
    const article = form.closest(".form-on-page");
    try {
      await drafts?.settle(form);
      const body = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      const fresh = put(article, await answer.text());
      if (fresh) drafts?.done(form);
      if (!fresh) { form.submit(); return null; } // signed out, or an error page: the browser shows it
      const problem = fresh.querySelector(".problem, .attention");
      (problem ?? fresh.querySelector("h2")).focus();
      return { fresh, stored: answer.ok };
    } catch {
      say.textContent = "The server cannot be reached. Nothing is lost: what you typed stays in this page.";
      return null;
    }
  };
  page.addEventListener("submit", (event) => {
    if (!event.target.matches("form.crf")) return;
    event.preventDefault();
    send(event.target);
  });

  // Everything that is typed and not saved, form by form; it stops where something needs an answer first.
  const saveAll = document.getElementById("save-all");
  if (saveAll) saveAll.hidden = false;
  saveAll?.addEventListener("click", async () => {
    const said = [];
    for (const form of [...page.querySelectorAll("form.crf")].filter((one) => drafts?.isChanged(one))) {
      const done = await send(form);
      if (!done?.stored) return;
      said.push(...[...say.children].map((message) => message.cloneNode(true)));
    }
    if (said.length) say.replaceChildren(...said); else say.textContent = "Nothing was typed that is not saved.";
    const open = page.querySelector(".form-on-page .attention");
    (open ?? document.getElementById("leaving-title")).focus();
  });

  // What came from this device only now is put into the form by the server, which also knows what others saved.
  document.addEventListener("drafts-sent", async (event) => {
    for (const form of event.detail) {
      const answer = await fetch(form.action, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (answer.ok) put(form.closest(".form-on-page"), await answer.text());
    }
  });

  page.addEventListener("input", recount);
  page.addEventListener("change", recount);
  recount();
})();
