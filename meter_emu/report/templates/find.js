(() => {
  const place = document.getElementById("find");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const said = document.createElement("output");
  label.append("Find a household: ", field);
  field.type = "search";
  place.prepend(label, " ", said);
  const rows = [...document.querySelectorAll("#by-kind tr[data-find]")];
  const groups = [...document.querySelectorAll("#by-kind tbody")];
  const fits = (row, word) => row.dataset.find.toLowerCase().includes(word);
  field.addEventListener("input", () => {
    const word = field.value.trim().toLowerCase();
    const found = rows.filter((row) => fits(row, word));
    rows.forEach((row) => { row.hidden = !found.includes(row); });
    groups.forEach((group) => {
      group.hidden = ![...group.querySelectorAll("tr[data-find]")].some((row) => !row.hidden);
    });
    said.textContent = !word ? "" : found.length
      ? `${found.length} of ${rows.length}; Enter goes to the first`
      : `no kind and no household drawn here; try --household ${field.value.trim()}`;
  });
  field.addEventListener("keydown", (event) => {
    const first = rows.find((row) => !row.hidden && row.querySelector("a"));
    if (event.key === "Enter" && first) location.hash = first.querySelector("a").hash;
  });
})();
