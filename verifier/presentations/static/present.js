// The browser's own way to a wallet: the Digital Credentials API, where there is one.
const button = document.querySelector("#ask-browser");
const status = document.querySelector("#api-state");

async function ask() {
  const request = await (await fetch(button.dataset.request)).json();
  const credential = await navigator.credentials.get({
    mediation: "required",
    digital: { requests: [request] },
  });
  const data = typeof credential.data === "string" ? JSON.parse(credential.data) : credential.data;
  const answer = await fetch(button.dataset.answer, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ protocol: credential.protocol, data }),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const told = await answer.json();
  window.location.assign(told.redirect_uri ?? button.dataset.done);
}

if (button && "DigitalCredential" in window) {
  button.closest("section").hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "";
    try {
      await ask();
    } catch {
      status.textContent = status.dataset.failed;
      button.disabled = false;
    }
  });
}
