// The run sheet: counts up, and keeps every tap that could not be sent until the network is back. Works without itself.
"use strict";
(() => {
  const sheet = () => document.querySelector(".run-sheet");
  if (!sheet()) return;
  const queueName = sheet().dataset.queue;
  const queue = () => JSON.parse(localStorage.getItem(queueName) || "[]");
  const keep = (taps) => (taps.length ? localStorage.setItem(queueName, JSON.stringify(taps)) : localStorage.removeItem(queueName));
  let sending = false;

  // --- clocks ------------------------------------------------------------------------------------------------------
  const two = (n) => String(n).padStart(2, "0");
  const show = () => {
    const { started, over, next } = sheet().dataset;
    const since = document.getElementById("since");
    if (started && since) {
      const seconds = Math.max(0, Math.floor(((over ? new Date(over) : new Date()) - new Date(started)) / 1000));
      since.textContent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)} h`;
    }
    const left = document.getElementById("next-in");
    if (next && left) {
      const minutes = Math.round((new Date(next) - new Date()) / 60000);
      left.textContent = minutes > 0 ? `, in ${minutes} min` : minutes < 0 ? `, ${-minutes} min late` : ", now";
    }
  };

  // --- what waits --------------------------------------------------------------------------------------------------
  const tell = (words) => {
    const place = document.getElementById("waiting");
    const count = queue().length;
    place.hidden = !count && !words;
    place.textContent = words || `${count} ${count === 1 ? "entry waits" : "entries wait"} on this phone and will be sent when the network is back.`;
  };
  const put = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("main");
    if (!fresh || !fresh.querySelector(".run-sheet")) { location.reload(); return; }
    document.querySelector("main").replaceWith(document.adoptNode(fresh));
    show();
    tell();
  };
  const post = async (tap) => {
    const body = new URLSearchParams(tap);
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token) body.set("csrfmiddlewaretoken", token.value);
    const answer = await fetch(location.pathname, { method: "POST", body, credentials: "same-origin", headers: { "X-Requested-With": "fetch" } });
    if (answer.url.includes("/sign-in/")) { location.assign(answer.url); throw new Error("signed out"); }
    if (answer.status >= 500 || answer.status === 403) throw new Error(`answer ${answer.status}`);
    return answer.text();
  };
  const send = async () => {
    if (sending || !queue().length) return;
    sending = true;
    try {
      while (queue().length) {
        const [first] = queue();
        const html = await post({ ...first, waited: "1" });
        keep(queue().slice(1));
        put(html);
      }
    } catch { tell(); } finally { sending = false; }
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches(".tap") || !form.reportValidity()) return;
    event.preventDefault();
    const tap = Object.fromEntries(new FormData(form));
    tap["device-at"] = new Date().toISOString();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      if (queue().length) throw new Error("others wait before this one");
      put(await post(tap));
    } catch {
      keep([...queue(), tap]);
      form.reset();
      // The next tap of this form is another event.
      form.elements.key.value = crypto.randomUUID();
      form.elements["idempotency-key"].value = crypto.randomUUID();
      tell();
      send();
    } finally { button.disabled = false; }
  });
  window.addEventListener("online", send);
  setInterval(send, 15000);
  setInterval(show, 1000);
  show();
  tell();
  send();
})();
