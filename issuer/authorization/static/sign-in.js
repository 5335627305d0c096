// Asks whether the wallet has answered, and loads the page again when it has. Without scripts the
// page's button does the same.
const waiting = document.querySelector("#waiting");
if (waiting !== null) {
  const again = () => setTimeout(look, Number(waiting.dataset.seconds) * 1000);
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.state, { cache: "no-store" });
      if (!answer.ok || !(await answer.json()).waiting) {
        location.reload();
        return;
      }
    } catch {
      // The network is away for a moment.
    }
    again();
  };
  again();
}
