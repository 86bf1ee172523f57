// What is typed reaches the server within a second, as a draft. Without a network it waits on this device, sealed with a key
// that only its typist's pages are given, and is sent when the network is back. Saving is another thing: see visit.js.
"use strict";
const drafts = (() => {
  const place = document.getElementById("drafts");
  if (!place) return null;
  const PREFIX = `itp-draft:${document.body.dataset.user}:`;
  const page = crypto.randomUUID?.() ?? String(Math.random()); // two windows of one person do not undo each other
  const WAIT = 500, RETRY = 5000;
  const states = new Map();
  // While the next page is being asked for, an answer comes too late for it: the copy stays, and that page sends it again.
  let leaving = false;
  window.addEventListener("beforeunload", () => { leaving = true; });
  window.addEventListener("pageshow", () => { leaving = false; });

  // --- sealed on this device ---------------------------------------------------------------------------------------
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const key = crypto.subtle?.importKey("raw", bytes(place.dataset.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const seal = async (value) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(value));
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key, text));
    return btoa(String.fromCharCode(...iv) + Array.from(sealed, (byte) => String.fromCharCode(byte)).join(""));
  };
  const unseal = async (stored) => {
    const all = Uint8Array.from(atob(stored), (letter) => letter.charCodeAt(0));
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: all.slice(0, 12) }, await key, all.slice(12));
    return JSON.parse(new TextDecoder().decode(text));
  };
  const copyOf = (record) => `${PREFIX}${record}:${page}`;
  /** Keeps a copy on this device; false where the browser cannot (then only the open page has it). */
  const keepHere = async (state) => {
    const number = ++state.copies;
    try {
      const sealed = await seal({ ...state.pending, record: state.record, url: state.url, at: Date.now() });
      if (number === state.copies) localStorage.setItem(copyOf(state.record), sealed);
      return true;
    } catch { return false; }
  };
  const forget = (state) => { state.copies += 1; localStorage.removeItem(copyOf(state.record)); };

  // --- what stands in a form ---------------------------------------------------------------------------------------
  const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
  const sorted = (answer) => (Array.isArray(answer) ? answer.map((line) => Object.entries(line).sort()) : answer);
  const answersOf = (form, base) => {
    const data = new FormData(form);
    const said = (name) => {
      const text = String(data.get(name) ?? "").replaceAll("\r\n", "\n").trim();
      const why = data.get(`${name}__missing`);
      return text || (why ? `~${why}` : "");
    };
    const lines = (slug) => {
      const found = [];
      for (const name of data.keys()) {
        const part = name.match(/^(.+)-(\d+)-([^-]+)$/);
        if (!part || part[1] !== slug || name.endsWith("__missing")) continue;
        found[part[2]] ??= {};
        found[part[2]][part[3]] = part[3] === "id" ? String(data.get(name)) : said(name);
      }
      return found.filter((line) => line && Object.values(line).some(Boolean));
    };
    const slugs = form.dataset.lines.split(" ");
    return Object.fromEntries(Object.keys(base).map((name) => [name, slugs.includes(name) ? lines(name) : said(name)]));
  };
  const boxOf = (form, name) => form.querySelector(`[name="${name}"], [name="${name}-count"]`)?.closest(".field, .cell, .lines");
  const mark = (form, name, isDraft) => {
    const box = boxOf(form, name);
    const old = box?.querySelector(":scope > .draft-mark");
    if (!box || Boolean(old) === isDraft) return;
    if (old) { old.remove(); return; }
    const made = document.createElement("span");
    made.className = "draft-mark";
    made.textContent = "✎ draft, not saved";
    box.append(made);
  };

  // --- sending -----------------------------------------------------------------------------------------------------
  const say = (state, text, link) => {
    for (const note of [state.note, document.getElementById("visit-state")]) {
      if (!note) continue;
      note.replaceChildren(text);
      if (link) note.append(" ", Object.assign(document.createElement("a"), link));
    }
  };
  const post = async (url, body) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin" });
    if (answer.redirected || [401, 403].includes(answer.status)) return { signedOut: true };
    if (answer.status === 422) return answer.json();
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  const send = (state) => {
    clearTimeout(state.timer);
    state.sending = (state.sending ?? Promise.resolve()).then(() => sendNow(state));
    return state.sending;
  };
  const sendNow = async (state) => {
    const { typed, base } = state.pending;
    if (!Object.keys(typed).length) return;
    state.pending = { version: state.version, base: {}, typed: {} };
    let answer;
    try {
      answer = await post(state.url, { version: state.version, base, typed });
    } catch { answer = null; }
    if (answer?.at) {
      if (!leaving && !Object.keys(state.pending.typed).length) forget(state);
      say(state, answer.meanwhile ?? (answer.kept ? `Saved as draft ${answer.at}; not stored yet.` : ""));
      return;
    }
    state.pending = { version: state.version, base: { ...base, ...state.pending.base }, typed: { ...typed, ...state.pending.typed } };
    const isHere = await keepHere(state);
    if (answer?.refused) { say(state, answer.refused); return; }
    if (answer?.signedOut) {
      const href = `${document.body.dataset.signIn}?next=${encodeURIComponent(itpHere())}`;
      say(state, "You are signed out. What you typed is kept on this device.", { href, textContent: "Sign in and go on" });
      return;
    }
    say(state, isHere ? "On this device only – will send." : "The server cannot be reached: please keep this page open.");
    state.timer = setTimeout(() => send(state), RETRY);
  };

  const watch = (form) => {
    if (form.querySelector("fieldset[disabled]") || !form.dataset.draft) return;
    const base = JSON.parse(form.elements.namedItem("record-base").value);
    const state = { record: form.dataset.record, url: form.dataset.draft, version: Number(form.elements.namedItem("record-version").value),
      base, last: answersOf(form, base), copies: 0, note: form.querySelector(".savebar [role=status]") };
    state.pending = { version: state.version, base: {}, typed: {} };
    states.set(form, state);
    form.addEventListener("input", () => keep(form));
    form.addEventListener("change", () => keep(form));
    for (const choice of form.querySelectorAll(".collisions input")) choice.addEventListener("change", () => choose(form, choice));
  };
  const keep = (form) => {
    const state = states.get(form);
    const now = answersOf(form, state.base);
    for (const [name, answer] of Object.entries(now)) {
      if (same(answer, state.last[name])) continue;
      remember(form, name, state.last[name]);
      state.pending.typed[name] = answer;
      state.pending.base[name] = state.base[name];
      mark(form, name, !same(answer, state.base[name]));
      const mine = form.querySelector(`[name="choice-${name}"][value=mine]`);
      if (mine && !state.choosing) mine.checked = true; // typed anew after the choice: this is the answer
    }
    state.last = now;
    if (!Object.keys(state.pending.typed).length) return;
    form.closest(".form-on-page")?.setAttribute("data-unsaved", "");
    keepHere(state);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => send(state), WAIT);
  };
  // --- undo: what was typed last, question by question, until the form is saved ----------------------------------------
  const past = [];
  let undoing = false;
  const remember = (form, name, was) => {
    const last = past.at(-1);
    if (undoing || was === null || (last && last.form === form && last.name === name)) return;
    past.push({ form, name, was });
  };
  const undo = () => {
    let last = past.pop();
    while (last && !last.form.isConnected) last = past.pop();
    if (!last) return;
    undoing = true;
    if (typeof last.was === "string") setAnswer(last.form, last.name, last.was); else setLines(last.form, last.name, last.was);
    undoing = false;
    (boxOf(last.form, last.name)?.querySelector("input:not([type=hidden]), select, textarea"))?.focus();
  };
  const setLines = (form, slug, lines) => {
    for (const control of form.querySelectorAll(`[name^="${slug}-"]:not([type=hidden])`)) {
      const [, number, name] = control.name.match(/-(\d+)-([^-]+)$/) ?? [];
      const answer = lines[number]?.[name] ?? "";
      if (number !== undefined) control.value = answer;
    }
    form.dispatchEvent(new Event("change"));
  };
  const isChanged = (form) => {
    const state = states.get(form);
    return Boolean(state) && Object.entries(answersOf(form, state.base)).some(([name, answer]) => !same(answer, state.base[name]));
  };
  /** A choice between two answers: the stored one is seen from now on, and either taken or typed over. */
  const choose = (form, choice) => {
    const state = states.get(form), name = choice.name.replace("choice-", "");
    const stored = JSON.parse(form.querySelector(`[name="${choice.name}"][value=theirs]`).dataset.answer);
    state.choosing = true;
    state.base[name] = stored;
    if (choice.value === "theirs" && typeof stored === "string") setAnswer(form, name, stored);
    state.last[name] = null; // tell the server, also where nothing was typed since
    keep(form);
    if (choice.value === "theirs") state.pending.typed[name] = stored;
    state.choosing = false;
  };
  const setAnswer = (form, name, answer) => {
    const [text, why] = answer.startsWith("~") ? ["", answer.slice(1)] : [answer, ""];
    const field = form.elements.namedItem(name), reason = form.elements.namedItem(`${name}__missing`);
    if (field) field.value = !reason && why ? answer : text;
    if (field instanceof RadioNodeList) for (const radio of field) radio.checked = radio.value === text;
    if (reason) reason.value = why;
    form.dispatchEvent(new Event("change"));
  };
  /** Sends what a form still holds; to be awaited before the form is saved. */
  const settle = async (form) => {
    const state = states.get(form);
    if (!state) return;
    await Promise.race([send(state), new Promise((done) => setTimeout(done, 2000))]);
  };
  const done = (form) => { const state = states.get(form); if (state) { clearTimeout(state.timer); forget(state); states.delete(form); } };

  // --- what waits on this device -------------------------------------------------------------------------------------
  const waiting = () => Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && !name.endsWith(`:${page}`));
  /** Sends the copies of earlier pages, the oldest first; returns the records of which the server knows more now. */
  const sendWaiting = async () => {
    const copies = [];
    for (const name of waiting()) {
      try { copies.push([name, await unseal(localStorage.getItem(name))]); } catch { /* another key: left where it is */ }
    }
    const sent = new Set();
    for (const [name, copy] of copies.sort((one, other) => one[1].at - other[1].at)) {
      try {
        const answer = await post(copy.url, { version: copy.version, base: copy.base, typed: copy.typed });
        if (!answer.at) continue; // signed out, or refused: it stays where it is
        localStorage.removeItem(name);
        sent.add(copy.record);
      } catch { /* still no network */ }
    }
    return sent;
  };
  const showWaiting = () => {
    const count = waiting().length;
    place.textContent = count ? `${count} form${count > 1 ? "s" : ""} typed on this device only – will send.` : "";
  };

  const bringBack = async () => {
    showWaiting();
    const sent = await sendWaiting();
    showWaiting();
    const here = [...document.querySelectorAll("form.crf")].filter((form) => sent.has(form.dataset.record));
    if (here.length) document.dispatchEvent(new CustomEvent("drafts-sent", { detail: here }));
  };
  const start = async () => {
    if (key && waiting().length) await bringBack();
    if (key && waiting().length) setTimeout(start, RETRY * 2);
  };
  window.addEventListener("online", () => { for (const state of states.values()) send(state); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) for (const state of states.values()) send(state); });
  for (const form of document.querySelectorAll("form.crf")) watch(form);
  start();
  return { watch, settle, done, undo, isChanged };
})();

// A form on a page of its own: the last draft is sent before the form is, and what arrived late is shown.
if (drafts && !document.querySelector(".visit-page")) {
  for (const form of document.querySelectorAll("form.crf")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      drafts.settle(form).finally(() => form.submit());
    });
  }
  document.addEventListener("drafts-sent", () => location.reload());
}
