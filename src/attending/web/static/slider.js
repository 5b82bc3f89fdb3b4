// Moves the figures of the trade-off while a slider moves. Every figure stands in the table of the
// page already; nothing is worked out here, and the two forms do the same without this file.
const table = document.querySelector("[data-trade-off]");
const rows = table ? [...table.querySelectorAll("tr[data-at]")] : [];
const sliders = [...document.querySelectorAll("[data-slider]")];

const text = (row, name) => row.querySelector(`[data-says="${name}"]`).textContent;

function show(index) {
  const row = rows[index];
  for (const one of rows) {
    one.classList.toggle("here", one === row);
    one.toggleAttribute("aria-current", one === row);
  }
  for (const dial of document.querySelectorAll("[data-dial]")) {
    dial.textContent = text(row, dial.dataset.dial);
  }
  for (const slider of sliders) {
    const alerts = slider.dataset.slider === "alerts";
    slider.value = alerts ? rows.length - 1 - index : index;
    slider.setAttribute(
      "aria-valuetext",
      `${text(row, "threshold")}: sensitivity ${text(row, "sensitivity")}, PPV ${text(row, "ppv")}, `
        + `${text(row, "alerts")} alerts a day, net benefit ${text(row, "benefit")}`,
    );
    const field = document.getElementById(alerts ? "alerts" : "risk");
    field.value = text(row, alerts ? "alerts" : "threshold").replace(/[^0-9.]/g, "");
  }
  for (const chosen of document.querySelectorAll("[data-chosen]")) chosen.value = row.dataset.at;
  for (const said of document.querySelectorAll("[data-chosen-text]")) {
    said.textContent = row.dataset.at;
  }
}

for (const slider of sliders) {
  slider.min = 0;
  slider.max = rows.length - 1;
  slider.step = 1;
  slider.hidden = false;
  slider.addEventListener("input", () => {
    const at = Number(slider.value);
    show(slider.dataset.slider === "alerts" ? rows.length - 1 - at : at);
  });
}
if (rows.length && sliders.length) {
  show(Math.max(0, rows.findIndex((row) => row.classList.contains("here"))));
}
