// A page that waits is told of changes and loads itself again; without events it looks by itself.
const waiting = document.querySelector("[data-events]");
if (waiting) {
  const known = waiting.dataset.known;
  const again = () => window.location.reload();
  const source = new EventSource(waiting.dataset.events);
  source.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    if ([told.state, ...told.failures].join(" ") !== known) {
      source.close();
      again();
    }
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      window.setTimeout(again, Number(waiting.dataset.refresh) * 1000);
    }
  });
}
