(() => {
  const place = document.getElementById("find");
  const words = place.dataset.words.split("\n");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const answer = document.createElement("output");
  const all = document.createElement("button");
  label.append(place.dataset.label, " ", field);
  field.type = "search";
  all.type = "button";
  all.textContent = place.dataset.open;
  place.prepend(label, " ", all, " ", answer);
  const groups = [...document.querySelectorAll(".kinds tbody")];
  const said = (row) => [
    row.textContent, row.parentNode.dataset.find,
    ...row.dataset.find.split(" ").map((number) => words[number]),
  ].join(" ").toLowerCase();
  const rows = groups.flatMap((group) => [...group.querySelectorAll("tr[data-find]")]);
  const texts = new Map(rows.map((row) => [row, said(row)]));
  const more = document.querySelector("details.more");
  const open = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  const go = () => {
    const there = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (there) { open(there); there.scrollIntoView(); }
  };
  field.addEventListener("input", () => {
    const word = field.value.trim().toLowerCase();
    const found = rows.filter((row) => texts.get(row).includes(word));
    rows.forEach((row) => { row.hidden = !found.includes(row); });
    groups.forEach((group) => {
      group.hidden = ![...group.querySelectorAll("tr[data-find]")].some((row) => !row.hidden);
    });
    if (more && word) more.open = true;
    const { found: some, none } = place.dataset;
    answer.textContent = !word ? "" : found.length
      ? some.replace("{found}", found.length).replace("{total}", rows.length)
      : none.replace("{word}", () => field.value.trim());
  });
  field.addEventListener("keydown", (event) => {
    const first = rows.find((row) => !row.hidden && row.querySelector("a"));
    if (event.key === "Enter" && first) location.hash = first.querySelector("a").hash;
  });
  all.addEventListener("click", () => {
    document.querySelectorAll("details.household-of").forEach((one) => { one.open = true; });
  });
  addEventListener("hashchange", go);
  go();
})();
