(() => {
  const place = document.getElementById("find");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const answer = document.createElement("output");
  label.append(place.dataset.label, " ", field);
  field.type = "search";
  place.prepend(label, " ", answer);
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
    const { found: some, none } = place.dataset;
    answer.textContent = !word ? "" : found.length
      ? some.replace("{found}", found.length).replace("{total}", rows.length)
      : none.replace("{word}", () => field.value.trim());
  });
  field.addEventListener("keydown", (event) => {
    const first = rows.find((row) => !row.hidden && row.querySelector("a"));
    if (event.key === "Enter" && first) location.hash = first.querySelector("a").hash;
  });
})();
