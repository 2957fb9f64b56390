// The page without install: three rooms over one worker, and a second one under the meter.
import { Engine, words } from "./engine.mjs";

const $ = (id) => document.getElementById(id);
const LOADED = "meter-emu-loaded"; // set while the page loads itself once more, for its own policy
const DECODED = { // the words of a command before what a person gives
  "A date in bytes, as hexadecimal": [["timestamp", "decode"], "2007032301"],
  "A date, as each codec writes it": [["timestamp", "encode"], "2020-07-03 23:01"],
  "An STS token, by the published sample key": [["sts", "decode"], "29054347139309851356"],
  "The decoder key of an STS meter, by the published test key": [["sts", "key", "--supply-group", "123456", "--meter-pan"], "600727000000000009"],
  "OpenPAYGO tokens, of the published walk": [["openpaygo", "decode"], "662486790 927706818"],
};
const reports = new Map(); // by the address under which the frame asks for it
const links = {}; // to what is shown, by room
const FIRST = "ores-2020-07"; // the campaign whose report is built with the page
const SILENT_MS = 60_000; // ours: Python starts in five seconds, on a slow telephone in thirty
const KEEP_MS = 1000; // ours: browsers count how often an address is changed
let engine = null, file = null, last = null, late = null, ready = false, here = "rehearse";

// Start -----------------------------------------------------------------------------------------

async function start() {
  if (!navigator.serviceWorker) return stop("This page wants a secure address (https, or localhost) and a browser that keeps pages: not a private window.");
  navigator.serviceWorker.onmessage = ({ data, ports: [port] }) => {
    if (data.kept) show("Loading what the page needs, once", ...data.kept);
    if (data.wanted) port.postMessage(reports.get(data.wanted));
  };
  const kept = await navigator.serviceWorker.register("sw.js");
  await Promise.race([navigator.serviceWorker.ready, refused(kept)]);
  if (!crossOriginIsolated) { // the first visit came without our policy: the worker has it
    if (sessionStorage.getItem(LOADED)) return stop("This browser gives the page no shared memory, and it cannot run here.");
    sessionStorage.setItem(LOADED, "yes");
    return location.reload();
  }
  sessionStorage.removeItem(LOADED);
  const known = await (await fetch("known.json")).json();
  fill($("campaign"), Object.entries(known.campaigns), FIRST);
  $("build").append(...Object.entries(known.defects).map(([id, said]) => new Option(`${id}: ${said}`, `reference+${id}`)));
  show("Python starts: some seconds", null);
  const slow = setTimeout(() => { show(`Python has not answered for ${SILENT_MS / 1000} seconds. Wait, or begin again.`, null); $("again").hidden = false; }, SILENT_MS);
  engine = new Engine((done, total) => { $("far").max = total || 1; $("far").value = done; });
  await engine.ready;
  clearTimeout(slow);
  $("starting").hidden = true;
  $("state").textContent = "ready";
  for (const button of document.querySelectorAll("form button")) button.disabled = button.id === "cancel";
  ready = true;
  if (linked()) await open(location.hash);
}

// A service worker that could not take all its files, each by its hash, is thrown away by the browser.
function refused({ installing }) {
  return new Promise((_, reject) => installing?.addEventListener("statechange", () => {
    if (installing.state === "redundant") reject(new Error("A file of this page did not come, or is not what was published: nothing was started."));
  }));
}

function show(words, done, total) {
  if ($("state").textContent !== words) $("state").textContent = words;
  if (done === null) $("loaded").removeAttribute("value"); else { $("loaded").max = total; $("loaded").value = done; }
}

function stop(why) {
  if (navigator.serviceWorker) navigator.serviceWorker.onmessage = null; // files that still come change nothing
  $("state").textContent = why;
  $("loaded").hidden = true;
  $("starting").hidden = $("again").hidden = false;
}

function fill(select, all, chosen) {
  select.replaceChildren(...all.map(([value, said]) => new Option(`${said} (${value})`, value, false, value === chosen)));
}

// Rooms -----------------------------------------------------------------------------------------

function linked() { return location.hash.startsWith("#v="); }

function room() {
  if (!linked()) return ["meter", "decode"].find((name) => location.hash === `#${name}`) ?? "rehearse";
  const [first] = (new URLSearchParams(location.hash.slice(1)).get("do") ?? "").split(" ");
  return { run: "meter", rehearse: "rehearse" }[first] ?? "decode";
}

function visit(name) {
  here = name;
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== here;
  for (const link of document.querySelectorAll("nav a"))
    if (link.hash === `#${here}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
}

function enter() {
  visit(room());
  if (linked() && location.hash !== links[here]) { if (ready) open(location.hash); return; } // else when Python is there
  if (here === "meter" && !$("panel")) sit({ argv: ["run"] }, "A meter that obeyed the card of spring 2020, at 22:45 on 3 July.");
  keep(here, links[here] ?? "", true);
}

// The address has the link to what is shown: back, reload and a copy of it keep that.
function keep(of, link, now = false) {
  links[of] = link;
  if (!now) { late ??= setTimeout(() => keep(of, links[of], true), KEEP_MS); return ""; }
  clearTimeout(late);
  late = null;
  $("copy").disabled = !links[here];
  if (links[here]) history.replaceState(null, "", links[here]);
  return location.href;
}
window.keep = keep; // the panel has its own link

async function copy() {
  keep(here, links[here], true);
  try { await navigator.clipboard.writeText(location.href); say("The link is copied."); } catch { say("The link is in the address bar."); }
}

function say(words) { $("linked").textContent = words; }

// Show what a link shows. Its words are data: they fill the form that they are of, or are a command that runs in this page.
async function open(link) {
  say("The link is opened…");
  const { err, words: [first, ...rest] = [], line, put, acts } = await engine.run({ link });
  say(err ?? "");
  if (err) return;
  if (first === "run") { links.meter = link; sit({ argv: [first, ...rest], put, acts }, `Of a link: ${line}`); }
  else if (first === "rehearse" && await fillIn(rest, put)) await rehearse();
  else { visit("decode"); $("line").value = line; await said({ argv: [first, ...rest], put, fresh: true }); }
}

async function fillIn([name, ...rest], put) {
  const given = Object.fromEntries(rest.flatMap((word, index) => (index % 2 ? [] : [[word, rest[index + 1] ?? ""]])));
  if (Object.keys(given).some((option) => option !== "--build" && option !== "--sample")) return false;
  await take(put[name] ? new File([put[name]], name) : null);
  $("campaign").value = put[name] ? FIRST : name;
  const build = given["--build"] ?? "";
  if (![...$("build").options].some((one) => one.value === build)) $("build").append(new Option(build, build));
  $("build").value = build;
  $("sample").value = Number(given["--sample"]) || "";
  return Boolean($("campaign").value);
}

function sit(sitting, said) {
  window.sitting = sitting; // the panel's transport asks for it
  $("seat").textContent = said;
  $("alone").hidden = sitting.argv.length === 1;
  const spoken = navigator.languages.map((one) => one.slice(0, 2)).find((one) => ["en", "fr", "nl"].includes(one)) ?? "en";
  // A new frame each time: one that stays is put back by a browser that goes back, with the meter of before.
  const src = `meter/${spoken}.html?${crypto.randomUUID()}`;
  $("place").replaceChildren(Object.assign(document.createElement("iframe"), { id: "panel", title: "front panel of the meter", src }));
}

// Rehearse --------------------------------------------------------------------------------------

function asked() {
  const name = file ? file.name : $("campaign").value;
  const build = $("build").value ? ["--build", $("build").value] : [];
  return { argv: [name, ...build], put: file ? { [file.name]: file.bytes } : {} };
}

async function rehearse() {
  const { argv, put } = asked(), sample = $("sample").value ? ["--sample", $("sample").value] : [];
  busy(true);
  $("made").hidden = $("live").hidden = true;
  tell("", ["Rehearsing…"]);
  const take = ["result.json", "report/index.html"], outputs = ["--json", "result.json", "--report", "report"];
  try {
    const done = await engine.run({ argv: ["rehearse", ...argv, ...sample], outputs, put, take, fresh: true });
    if (done.files[take[0]]) { await shown(done, take, { argv, put }); keep("rehearse", done.link, true); }
    else tell("wrong", done.err.trim().split("\n"));
  } catch (error) {
    tell("wrong", [error.message]);
    stop(error.message);
  }
  busy(false);
}

async function shown(done, [json, page], of) {
  const result = JSON.parse(new TextDecoder().decode(done.files[json]));
  last = of;
  tell(result.answer.tone, [...result.answer.said, ...result.notes]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", done.files[json]));
  $("digest").textContent = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  URL.revokeObjectURL($("json").href);
  $("json").href = URL.createObjectURL(new Blob([done.files[json]], { type: "application/json" }));
  const wrongFirst = result.meters.toSorted((one, other) => one.as_expected - other.as_expected);
  $("household").replaceChildren(...wrongFirst.map(({ id, lived, as_expected: good }) =>
    new Option(`${id}: ${(lived?.verdict ?? "").replaceAll("_", " ")}${good ? "" : ", otherwise than expected"}`, id)));
  $("made").hidden = $("live").hidden = false;
  reports.clear();
  const name = `made/${crypto.randomUUID()}`;
  reports.set(name, new TextDecoder().decode(done.files[page]));
  $("h-report").textContent = `The report: ${result.campaign}`;
  $("report").src = name;
}

function busy(yes) {
  $("go").disabled = yes;
  $("cancel").disabled = !yes;
  $("far").value = 0;
}

function tell(tone, lines) {
  $("answer").className = tone;
  $("answer").replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
}

async function take(given) {
  file = given ? { name: given.name.replace(/[^\w.-]/g, "_"), bytes: new Uint8Array(await given.arrayBuffer()) } : null;
  $("hint").textContent = file ? `${file.name} is rehearsed, and stays in this page.` : "Or drop it anywhere here. It stays in this page.";
  $("campaign").disabled = Boolean(file);
}

// Decode ----------------------------------------------------------------------------------------

async function said(command) {
  $("said").textContent = "…";
  try {
    const { out, err, link } = await engine.run(command);
    $("said").textContent = out + err;
    keep("decode", link ?? "", true);
  } catch (error) {
    $("said").textContent = String(error);
  }
}

async function look(given) {
  const name = given.name.replace(/[^\w.-]/g, "_");
  const put = { [name]: new Uint8Array(await given.arrayBuffer()) };
  await said({ argv: ["show", "file", name], put, fresh: true });
}

function kind() { return DECODED[$("kind").value]; }

// What a person does ----------------------------------------------------------------------------

function on(id, event, act) {
  $(id).addEventListener(event, (happened) => { if (event === "submit") happened.preventDefault(); act(happened); });
}

function listen() {
  on("ask", "submit", rehearse);
  on("cancel", "click", () => engine.cancel());
  on("file", "change", () => take($("file").files[0]));
  on("live", "submit", () => {
    const id = $("household").value;
    sit({ argv: ["run", ...last.argv, "--household", id], put: last.put }, `Household ${id} of ${last.argv.join(" ")}.`);
    location.hash = "#meter";
  });
  on("copy", "click", copy);
  on("again", "click", () => location.reload());
  on("alone", "click", () => sit({ argv: ["run"] }, "A meter that obeyed the card of spring 2020, at 22:45 on 3 July."));
  $("kind").replaceChildren(...Object.keys(DECODED).map((name) => new Option(name)));
  on("kind", "change", () => { $("value").value = kind()[1]; });
  $("value").value = kind()[1];
  on("what", "submit", () => {
    const [before] = kind(), value = $("value").value.trim(), one = before.includes("encode");
    said({ argv: [...before, ...(one ? [value] : value.split(/\s+/))] });
  });
  on("image", "change", () => { if ($("image").files[0]) look($("image").files[0]); });
  on("typed", "submit", () => said({ argv: words($("line").value) }));
  addEventListener("hashchange", enter);
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    const given = event.dataTransfer.files[0];
    if (given && $("rehearse").hidden) { location.hash = "#decode"; if (engine) look(given); } else if (given) take(given);
  });
}

listen();
enter();
start().catch((error) => stop(error.message));
