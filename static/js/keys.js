// The keyboard: one key an answer, Enter to go on, and the list of keys. Single letters act only outside of text boxes (and in
// number and date boxes that are empty, where no letter can stand); they can be switched off. users.md 4.1 (12).
"use strict";
const keys = (() => {
  if (!document.body.dataset.user) return null;
  const SWITCH = "itp-single-keys";
  const help = document.getElementById("keys");
  const finder = document.getElementById("go");
  const page = document.querySelector(".visit-page");
  const isOn = () => localStorage.getItem(SWITCH) !== "off";
  const box = (element) => element?.closest?.(".field, .cell");
  const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";

  // --- where one is --------------------------------------------------------------------------------------------------
  /** The control of a question that takes the focus: the chosen button of a group, else its only or first control. */
  const entry = (question) => question.querySelector("input[type=radio]:checked:not([value=''])")
    ?? question.querySelector("input:not([type=hidden]), textarea, select:not(.missing)");
  const questions = () => [...document.querySelectorAll("form.crf .field, form.crf .cell")]
    .filter((one) => !one.closest(".not-asked, .nothing-asked, fieldset[disabled]") && entry(one) && shown(entry(one)));
  const isEmpty = (one) => one.querySelector("input[type=radio]")
    ? !one.querySelector("input[type=radio]:checked:not([value=''])") && !one.querySelector("select.missing")?.value
    : [...one.querySelectorAll("input, textarea, select")].every((input) => input.value === "");
  const isLeft = (one) => one.dataset.wanted !== undefined && !one.closest(".lines") && isEmpty(one);
  const focus = (one) => {
    const control = entry(one);
    control.focus();
    if (control.select && control.type !== "radio") control.select();
    control.scrollIntoView({ block: "nearest" });
  };
  const end = () => document.getElementById("save-all") ?? document.querySelector(".savebar button.primary");
  const step = (from, by) => {
    const all = questions(), next = all[all.indexOf(box(from)) + by];
    if (next) focus(next); else if (by > 0) end()?.focus();
  };
  /** The first question that is left in a later section; where nothing is left, the button that saves. */
  const nextSection = (from) => {
    const all = questions(), here = from.closest(".section");
    const place = Math.max(...all.map((one, n) => (one.closest(".section") === here ? n : -1)));
    const later = all.slice(place + 1);
    const next = later.find(isLeft) ?? later.find((one) => one.closest(".lines") && isEmpty(one));
    if (next) focus(next); else end()?.focus();
  };
  const firstLeft = () => { const next = questions().find(isLeft); if (next) focus(next); else end()?.focus(); };

  // --- answering -----------------------------------------------------------------------------------------------------
  const changed = (control) => {
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
  };
  /** The option of this digit: the one whose code it is (a grade), else the n-th. */
  const optionOf = (options, digit) => options.find((option) => option.value === digit) ?? options[Number(digit) - 1];
  const choose = (control, digit) => {
    if (control.type === "radio") {
      const group = [...box(control).querySelectorAll("input[type=radio]:not([value=''])")];
      const option = optionOf(group, digit);
      if (option) { option.checked = true; option.focus(); changed(option); }
      return Boolean(option);
    }
    const option = optionOf([...control.options].filter((one) => one.value && !one.value.startsWith("~") && !one.disabled), digit);
    if (option) { control.value = option.value; changed(control); }
    return Boolean(option);
  };
  const giveReason = (control, code) => {
    const question = box(control), reason = question.querySelector("select.missing");
    if (reason && ![...reason.options].some((one) => one.value === code)) return false;
    if (reason) {
      for (const radio of question.querySelectorAll("input[type=radio]")) radio.checked = false;
      if (control.type !== "radio") control.value = "";
      reason.value = code;
      changed(reason);
      return true;
    }
    if (!(control instanceof HTMLSelectElement) || ![...control.options].some((one) => one.value === `~${code}`)) return false;
    control.value = `~${code}`;
    changed(control);
    return true;
  };
  const days = { t: 0, y: -1 };
  const dayOf = (letter) => {
    const today = document.body.dataset.today.split("/").map(Number);
    const visited = page?.dataset.visitDay;
    if (letter === "v") return visited ?? document.body.dataset.today;
    const day = new Date(Date.UTC(today[2], today[1] - 1, today[0] + days[letter]));
    return [day.getUTCDate(), day.getUTCMonth() + 1].map((n) => String(n).padStart(2, "0")).join("/") + `/${day.getUTCFullYear()}`;
  };
  const writeDay = (control, letter) => {
    const withTime = control.dataset.kind === "date and time";
    control.value = dayOf(letter) + (withTime ? " " : "");
    changed(control);
    if (!withTime) step(control, 1);
  };
  /** "0830" after a date is half past eight. */
  const tidyTime = (control) => {
    if (control.dataset?.kind !== "date and time") return;
    const tidy = control.value.replace(/^(\d\d\/\d\d\/\d{4}) (\d\d)(\d\d)$/, "$1 $2:$3");
    if (tidy !== control.value) { control.value = tidy; changed(control); }
  };

  // --- the keys ------------------------------------------------------------------------------------------------------
  const WRITING = "input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, [contenteditable]";
  const letterKey = (event, at) => {
    const letter = event.key.toLowerCase();
    const text = at.matches(WRITING);
    const kind = at.dataset?.kind ?? "";
    if (text && !(["number", "date", "date and time", "partial date"].includes(kind) && at.value === "")) return false;
    if (kind.includes("date") && "tyv".includes(letter)) { writeDay(at, letter); return true; }
    if (letter === "n" && giveReason(at, "ND")) { step(at, 1); return true; }
    if (letter === "u" && kind !== "partial date" && giveReason(at, "UNK")) { step(at, 1); return true; }
    if (!text && /^[0-9]$/.test(letter) && (at.type === "radio" || at instanceof HTMLSelectElement) && choose(at, letter)) {
      step(at, 1);
      return true;
    }
    return false;
  };
  const inForm = (event, at) => {
    if (event.key === "Enter" && !event.altKey && !event.metaKey && !at.matches("button, a, summary, textarea, .why-change *")) {
      tidyTime(at);
      if (event.ctrlKey) nextSection(at); else step(at, event.shiftKey ? -1 : 1);
      return true;
    }
    if (event.key === "Enter" && event.ctrlKey && at.matches("textarea")) { nextSection(at); return true; }
    return isOn() && !event.ctrlKey && !event.altKey && !event.metaKey && letterKey(event, at);
  };
  const inPrompts = (event, at) => {
    const prompts = at.closest(".prompts");
    if (event.key === "Enter" && at === prompts) { firstLeft(); return true; }
    const button = isOn() && !event.ctrlKey && !event.altKey && prompts.querySelector(`button[data-key="${event.key}"]`);
    if (button) button.click();
    return Boolean(button);
  };
  const inList = (event, at) => {
    if (!isOn() || event.ctrlKey || event.altKey || event.metaKey || at.matches(WRITING + ", select")) return false;
    const way = at.closest("tr[data-row]")?.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
    if (way) { way.click(); return true; }
    const rows = [...document.querySelectorAll("tr[data-row] a.opens")];
    const by = { j: 1, k: -1 }[event.key];
    if (!rows.length || !by) return false;
    const place = rows.indexOf(at.closest("tr[data-row]")?.querySelector("a.opens"));
    rows[Math.min(Math.max(place + by, 0), rows.length - 1)].focus();
    return true;
  };
  const everywhere = (event, at) => {
    if (event.ctrlKey && !event.altKey && !event.shiftKey && event.code === "KeyK") { openFinder(); return true; }
    if (event.ctrlKey && !event.altKey && !event.shiftKey && event.code === "KeyS" && end()) { saveAll(); return true; }
    if (event.altKey && !event.ctrlKey && event.code === "KeyZ" && typeof drafts !== "undefined") { drafts?.undo(); return true; }
    if (event.key === "?" && isOn() && !at.matches(WRITING)) { help.showModal(); return true; }
    if (event.key === "e" && isOn() && page && !event.ctrlKey && !event.altKey && !at.matches(WRITING + ", select")) {
      document.getElementById("since")?.focus();
      return true;
    }
    return false;
  };
  const saveAll = () => {
    const button = document.getElementById("save-all");
    if (button) button.click(); else document.querySelector("form.crf")?.requestSubmit();
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const at = document.activeElement ?? document.body;
    const did = everywhere(event, at) || (at.closest("form.crf") && box(at) ? inForm(event, at)
      : at.closest(".prompts") ? inPrompts(event, at) : inList(event, at));
    if (did) event.preventDefault();
  });
  document.addEventListener("focusout", (event) => { if (event.target.matches?.("form.crf input")) tidyTime(event.target); });

  // --- hints, the list of keys, going anywhere -------------------------------------------------------------------------
  const hint = document.getElementById("key-hints");
  const hints = (at) => {
    const kind = at.dataset?.kind ?? "";
    const parts = at.type === "radio" || at instanceof HTMLSelectElement ? ["1-9 choose"] : kind.includes("date") ? ["t today, y yesterday, v visit"] : [];
    const reasons = kind !== "text" && at.tagName !== "TEXTAREA" ? ["n not done", "u unknown"] : [];
    return [...parts, ...reasons, "m comment", "p photo", "Enter next", "Ctrl+Enter next section", "? all keys"].join(" · ");
  };
  document.addEventListener("focusin", (event) => {
    if (hint) hint.textContent = isOn() && box(event.target) ? hints(event.target) : "? all keys · Ctrl+K go anywhere";
  });
  for (const opener of document.querySelectorAll("[data-opens=keys]")) opener.addEventListener("click", () => help.showModal());
  const single = document.getElementById("single-keys");
  if (single) {
    single.checked = isOn();
    single.addEventListener("change", () => localStorage.setItem(SWITCH, single.checked ? "on" : "off"));
  }
  let places = null;
  const openFinder = async () => {
    finder.showModal();
    const input = finder.querySelector("input");
    input.value = "";
    const links = [...document.querySelectorAll("nav a, .tabs a")].map((a) => ({ label: a.firstChild.textContent.trim(), url: a.href }));
    list(links);
    places ??= fetch(finder.dataset.places, { credentials: "same-origin" }).then((answer) => answer.json()).catch(() => ({ places: [] }));
    const all = [...links, ...(await places).places];
    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/);
      list(all.filter((one) => words.every((word) => one.label.toLowerCase().includes(word))));
    };
    input.oninput = filter;
    filter();
  };
  const list = (found) => finder.querySelector("ul").replaceChildren(...found.slice(0, 12).map((one) => {
    const line = document.createElement("li");
    line.append(Object.assign(document.createElement("a"), { href: one.url, textContent: one.label }));
    return line;
  }));
  finder?.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const first = finder.querySelector("ul a");
    if (first) { finder.close(); first.click(); }
  });
  finder?.addEventListener("click", (event) => { if (event.target.matches("a")) finder.close(); });

  // A visit that has not begun starts with what happened since the last one; any other at the first question that is left.
  if (page && !location.hash) {
    const begun = page.querySelector(".form-on-page:not([data-waits^='not started'])");
    if (begun || !document.getElementById("since")) firstLeft(); else document.getElementById("since").focus();
  }
  return { firstLeft, isOn };
})();
