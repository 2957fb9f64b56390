// Documentation that can be pressed: a button under each command that runs in a page.
// Nothing is loaded before the first press; then Python, 8 MB, for as long as the page is open.
import { Engine, words } from "./engine.mjs";

const { refused } = await (await fetch(new URL("known.json", import.meta.url))).json();
let engine = null;

const why = (line) => Object.entries(refused).find(([first]) =>
  first.startsWith("--") ? words(line).some((word) => word.split("=")[0] === first) : `${line} `.startsWith(`${first} `))?.[1];

function make(tag, text, attributes = {}) {
  const node = Object.assign(document.createElement(tag), { textContent: text });
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// The commands of a block, lines put together where they go on; none where another program is in it.
function commands(block) {
  const lines = block.textContent.replaceAll("\\\n", " ").split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  const ours = lines.filter((line) => line.startsWith("meter-emu ")).map((line) => line.slice("meter-emu ".length).split(/\s+#/)[0]);
  return ours.length && ours.length === lines.length && !ours.some((line) => /[|<>;&$`]/.test(line)) ? ours : [];
}

async function press(button, said, lines) {
  button.disabled = true;
  said.hidden = false;
  said.textContent = engine ? "…" : "Loading 8 MB, once";
  try {
    engine ??= new Engine();
    const answers = [];
    for (const line of lines) {
      const { out, err } = await engine.run({ argv: words(line) });
      answers.push(out + err);
    }
    said.textContent = answers.join("");
  } catch (error) {
    engine = null; // the next press loads it anew
    said.textContent = String(error);
  }
  button.disabled = false;
}

for (const block of document.querySelectorAll("pre > code")) {
  const lines = commands(block), place = block.closest(".highlight") ?? block.parentElement;
  if (!lines.length) continue;
  const because = lines.map(why).find(Boolean);
  if (because) {
    place.after(make("p", `Not in this page: ${because}.`, { class: "press-not" }));
    continue;
  }
  const button = make("button", "Try it here", { class: "press md-button", type: "button" });
  const said = make("pre", "", { class: "pressed", role: "region", hidden: "", tabindex: "0", "aria-live": "polite", "aria-label": "answer" });
  button.onclick = () => press(button, said, lines);
  place.after(button, said);
}
