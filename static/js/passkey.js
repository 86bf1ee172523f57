// Passkeys: the browser's answer goes into a field of the form, which is posted like any other.
"use strict";
(() => {
  const speaks = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  const failed = "The passkey was not used. Try again, or use another way.";

  for (const button of document.querySelectorAll("[data-passkey-for]")) {
    if (!speaks) continue;
    const line = button.parentElement;
    const field = document.getElementById(button.dataset.passkeyFor);
    const state = line.querySelector("[role=status]");
    line.hidden = false;
    button.addEventListener("click", async () => {
      try {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(button.dataset.ask));
        const answer = await navigator.credentials.get({ publicKey });
        field.type = "hidden";
        field.value = JSON.stringify(answer.toJSON());
        state.textContent = "The passkey is confirmed.";
        if (button.dataset.submit !== undefined) field.form.submit();
      } catch { state.textContent = failed; }
    });
  }

  for (const form of document.querySelectorAll("[data-new-passkey]")) {
    const state = form.querySelector("[data-passkey-state]");
    if (!speaks) state.textContent = "This browser is too old for passkeys. Please use an authenticator app.";
    form.addEventListener("submit", async (event) => {
      if (form.elements.passkey.value) return;
      event.preventDefault();
      try {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(form.dataset.newPasskey));
        const made = await navigator.credentials.create({ publicKey });
        form.elements.passkey.value = JSON.stringify(made.toJSON());
        form.submit();
      } catch { state.textContent = failed; }
    });
  }
})();
