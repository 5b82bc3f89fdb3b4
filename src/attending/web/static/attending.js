// What a page can do beyond links and forms. Every page works whole without this file.

// A filter over rows: <form data-filter="#id" hidden> shows itself and hides rows that do not match.
for (const form of document.querySelectorAll("form[data-filter]")) {
  const within = document.querySelector(form.dataset.filter);
  const field = form.querySelector("input");
  const said = form.querySelector("output");
  const rows = [...within.querySelectorAll("[data-row]")];
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    for (const group of within.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-row]:not([hidden])");
    }
    said.textContent = words.length ? `${shown} of ${rows.length}` : "";
  });
}
