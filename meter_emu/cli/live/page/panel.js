// The front panel: shows what the sitting publishes, and sends lines as a person would type them.
"use strict";
const $ = (id) => document.getElementById(id);
const WORDS = JSON.parse($("words").textContent); // in the language of the page
const said = (name, holes = {}) => WORDS[name].replace(/\{(\w+)\}/g, (_, hole) => holes[hole]);
const HOLD_FROM_MS = 800; // ours: shorter is a press
const seen = {now: null, happened: null, bytes: null, twin: null, tab: "eeprom", zoom: "whole", dragging: null, scrub: null,
  tour: "", script: "", link: null, steps: [], step: 0};
let socket = null, waitMs = 250;
let form = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1, answered = null; // of this page's last form

// The socket ------------------------------------------------------------------------------------

function connect() {
  const at = new URL("socket", location.href);
  at.protocol = "ws:";
  socket = new (window.Transport ?? WebSocket)(at);
  socket.onopen = () => { waitMs = 250; $("log").replaceChildren(); say("", $("ended")); };
  socket.onmessage = (event) => take(JSON.parse(event.data));
  socket.onclose = () => {
    if (seen.now && seen.now.ended) return;
    say(said("offline"), $("ended"));
    setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, 5000);
  };
}

function send(asked) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(asked));
  else note("! " + said("not_sent", {what: asked.do || asked.go || said("the_office")}));
}

function act(line) {
  if (seen.now && seen.now.jump && ENDS_JUMP.test(line)) send({do: "stop"}); // never behind a jump
  send({do: line});
}

function ask(asked, then) {
  if (seen.now && seen.now.jump && asked.go) send({do: "stop"});
  answered = then;
  send({...asked, form: ++form});
}

function take(message) {
  if (message.log) message.log.forEach(note);
  if (message.refused) note("! " + message.refused + (message.do ? ": " + message.do : ""));
  if (message.twin) showTwin(message.twin);
  if (message.serial) say(said("number", {number: message.serial}), $("serial"));
  if (message.keys) Object.assign(KEYS, message.keys);
  if (message.answer && message.answer.form === form && answered) { answered(message.answer); answered = null; }
  if (message.tour) { seen.tour = message.tour; $("take-tour").hidden = false; }
  if (message.script !== undefined) showScript(message.script);
  if (message.link !== undefined) showLink(message.link);
  if (message.now) { seen.now = message.now; showNow(message.now); }
  if (message.happened) { seen.happened = message.happened; showHappened(message.happened); }
  if (message.bytes) { seen.bytes = message.bytes; showBytes(); }
  if (message.happened || message.now) showLine();
}

// Small things ----------------------------------------------------------------------------------

function say(text, node) { if (node.textContent !== text) node.textContent = text; }

function make(tag, text, attributes = {}) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function rows(body, all) {
  body.replaceChildren(...all.map((cells) => {
    const row = make("tr");
    row.append(...cells.map((cell) => cell instanceof Node ? cell : make("td", cell)));
    return row;
  }));
}

function note(line) {
  const log = $("log"), low = log.scrollTop + log.clientHeight >= log.scrollHeight - 30;
  const item = make("div", line);
  if (line.startsWith("!")) { item.className = "wrong"; item.setAttribute("role", "alert"); }
  log.append(item);
  while (log.childElementCount > 1000) log.firstChild.remove();
  if (low) log.scrollTop = log.scrollHeight;
  if (/^office \d/.test(line)) say(line.slice(7), $("sold")); // digits to key in
}

// How it stands ---------------------------------------------------------------------------------

const LAMPS = {credit: "CREDIT", reconnect: "RECONNECT", fault: "FAULT", clock: "CLOCK"};

function showNow(now) {
  say(now.title, $("title"));
  say(now.time, $("clock"));
  if (now.ended) say(said("ended"), $("ended"));
  say(now.display || (now.powered ? "" : said("no_power")), $("display"));
  $("display").classList.toggle("dark", !now.powered);
  showLamps(now);
  showCase(now);
  for (const button of document.querySelectorAll("[data-rate]"))
    button.setAttribute("aria-pressed", String(Number(button.dataset.rate) === now.rate));
  say(said(now.powered ? "take_street" : "give_street"), $("power"));
  say(now.undo ? said("undo_what", {what: now.undo}) : said("undo"), $("undo"));
  $("undo").disabled = !now.undo;
  showJump(now.jump);
  $("keypad").hidden = !now.keypad;
  $("slot").hidden = $("office").hidden = document.querySelector(".office .hint").hidden = !now.slot;
  $("vending").hidden = now.sells !== "time";
  say(said(now.appliances ? "shut" : "light"), $("appliances"));
  showCards(now);
  showFacts(now);
  rows($("plan").tBodies[0], now.plan.map(([when, what, civil]) => [when, `${what} ${civil}`]));
}

// The case of the meter, and the home behind it.
function showCase(now) {
  $("asleep").hidden = Boolean(now.display) || !now.powered;
  for (const [name, does] of Object.entries(now.buttons)) say(does, $(`does-${name}`));
  const flows = now.supplied && now.powered && now.flow > 0;
  const pulse = $("pulse");
  pulse.className = flows ? "flows" : "";
  // A thousand pulses a kWh, as on most meters; slower and faster ones are no longer told apart.
  if (flows) pulse.style.animationDuration = `${Math.min(Math.max(3600 / now.flow, 0.2), 6).toFixed(2)}s`;
  say(said(flows ? "pulses" : "no_flow"), $("pulse-words"));
  $("home").setAttribute("class", flows ? "lit" : "");
  const dark = now.powered ? "dark_meter" : "dark_street";
  say(said(!now.supplied || !now.powered ? dark : flows ? "lights" : "appliances_off"), $("home-words"));
}

// The meter that lives the same with another program, and where the two part.
function showTwin(other) {
  seen.twin = other;
  $("twin").hidden = false;
  say(other.build, $("twin-build"));
  say(other.display || " ", $("twin-display"));
  say(`${other.supply}  (${other.time})`, $("twin-supply"));
  $("to-apart").hidden = !other.apart;
  $("apart").lang = other.apart ? "en" : document.documentElement.lang; // words of the program
  if (!other.apart) { say(said("alike"), $("apart")); return; }
  const [, time, where, one, second] = other.apart;
  say(`First difference: ${time.slice(0, 16)}, ${where}. This meter: ${one}. Its twin: ${second}.`, $("apart"));
}

function showJump(jump) {
  $("jump").hidden = !jump;
  if (!jump) return;
  const [to, part] = jump;
  if (part === null) $("jump-bar").removeAttribute("value");
  else $("jump-bar").value = part;
  say(said("to", {when: to}), $("jump-to"));
}

function showLamps(now) {
  const all = Object.entries(LAMPS).map(([key, name]) => [name, now.lamps[key], key]);
  all.push([said("supply_lamp"), now.supplied && now.powered, "supply"]);
  const key = JSON.stringify(all);
  if ($("lamps").dataset.shown === key) return;
  $("lamps").dataset.shown = key;
  $("lamps").replaceChildren(...all.map(([name, on, kind]) => {
    const lamp = make("li", undefined, {class: `${on ? "on" : ""} ${kind}`});
    lamp.append(make("i", "", {"aria-hidden": "true"}), make("span", name, {"aria-hidden": "true"}),
      make("span", said(on ? "lamp_on" : "lamp_off", {lamp: name}), {class: "unseen"}));
    return lamp;
  }));
}

function showFacts(now) {
  const facts = [[said("supply"), now.supply], [said("clock"), now.clock],
    [said("balance"), now.balance === null ? said("unreadable") : `${now.balance} EUR`], [said("beeps"), String(now.beeps)],
    [said("pace"), now.past ? said("earlier", {pace: now.rate_words}) : now.rate_words]];
  const key = JSON.stringify(facts);
  if ($("facts").dataset.shown === key) return;
  $("facts").dataset.shown = key;
  $("facts").replaceChildren(...facts.flatMap(([name, words]) => [make("dt", name), make("dd", words)]));
}

function showCards(now) {
  const key = JSON.stringify([now.cards, now.inside]);
  if (document.body.dataset.cards === key) return;
  document.body.dataset.cards = key;
  const names = now.cards.map((one) => one.split("/").pop());
  for (const pick of [$("pick"), $("o-card")]) {
    pick.replaceChildren(...(names.length ? names : [said("no_card")]).map((one) => make("option", one)));
    pick.selectedIndex = Math.max(0, names.length - 1);
  }
  const place = $("in-slot");
  place.replaceChildren(now.inside === null ? said("drop") : chip(now.inside));
  const tray = document.querySelector(".office .hint");
  tray.replaceChildren(...(now.inside === null && names.length ? [chip(names.at(-1))]
    : [said("out")]));
  $("put-in").disabled = now.inside !== null || !names.length;
  $("pull").disabled = now.inside === null;
}

// A card that one can take ----------------------------------------------------------------------

function chip(name) {
  const card = make("div", name, {class: "chip", draggable: "false"});
  card.onpointerdown = (event) => {
    event.preventDefault(); // a drag selects no text
    card.setPointerCapture(event.pointerId);
    seen.dragging = {name, inside: seen.now.inside !== null};
  };
  card.onpointermove = (event) => {
    const drag = seen.dragging;
    if (!drag) return;
    const over = (node) => inBox(node.getBoundingClientRect(), event);
    $("slot").classList.toggle("over", over($("slot")));
    document.querySelector(".office").classList.toggle("over", over(document.querySelector(".office")));
    // Out of the slot is out, whatever the meter is doing with it.
    if (drag.inside && !over($("slot"))) { drag.inside = false; act("remove"); }
    drag.over = over($("slot"));
  };
  card.onpointerup = card.onpointercancel = () => {
    const drag = seen.dragging;
    seen.dragging = null;
    for (const node of [$("slot"), document.querySelector(".office")]) node.classList.remove("over");
    if (drag && !drag.inside && drag.over) act(`insert ${drag.name}`);
  };
  return card;
}

function inBox(box, point) {
  return point.clientX >= box.left && point.clientX <= box.right
    && point.clientY >= box.top && point.clientY <= box.bottom;
}

// What has happened -----------------------------------------------------------------------------

function showHappened(what) {
  const verdict = $("verdict");
  verdict.hidden = what.verdict === undefined;
  if (what.verdict !== undefined) {
    verdict.className = what.tone;
    const lines = [...what.answer, said("so_far", {verdict: what.verdict_said}), what.announcement, ...what.breaches];
    verdict.replaceChildren(...lines.filter(Boolean).map((line) => make("p", line)),
      ...what.findings.map((line) => make("p", line, {lang: "en"}))); // words of the program
  }
  $("ahead-room").hidden = !(what.ahead && what.ahead.length);
  if (what.ahead) rows($("ahead").tBodies[0], what.ahead.map(([, when, kind]) => [when, kind]));
}

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const LOOKS = {on: "on", off: "off", limited: "limited", either: "either", "10 A or full": "limited"};

const ZOOMS_US = {day: 864e8, week: 6048e8};

function span() {
  const width = ZOOMS_US[seen.zoom];
  return width ? [seen.now.us - width / 2, seen.now.us + width / 2] : wholeSpan();
}

function wholeSpan() {
  const what = seen.happened, dates = (what.announced || []).map(([us]) => us);
  const from = what.from, to = Math.max(what.to, seen.now.us, ...dates, ...(what.ahead || []).map(([us]) => us));
  return [from, to + Math.max((to - from) * 0.04, 3.6e9)];
}

function showLine() {
  const what = seen.happened, line = $("line");
  if (!what || !seen.now) return;
  const [from, to] = span(), left = 70, width = Math.max(line.clientWidth - left - 10, 100);
  const x = (us) => left + (Math.min(Math.max(us, from), to) - from) / (to - from) * width;
  line.dataset.left = left;
  line.dataset.width = width;
  const within = (us) => us >= from && us <= to;
  const key = JSON.stringify([width, what.to, what.events.length, what.events.at(-1), seen.now.us, from, to, what.announced, seen.twin && seen.twin.apart]);
  if (line.dataset.shown === key) return;
  line.dataset.shown = key;
  const svg = draw("svg", {"aria-hidden": "true"});
  const lane = (name, y, bars) => {
    svg.append(draw("text", {x: 0, y: y + 13}, name));
    for (const [begins, until, look, words] of bars) {
      if (until < from || begins > to) continue;
      const ends = until >= what.to && !seen.now.past ? Math.max(until, seen.now.us) : until;
      const bar = draw("rect", {x: x(begins), y, height: 16, class: LOOKS[look] || "none",
        width: Math.max(x(ends) - x(begins), 1)});
      bar.append(draw("title", {}, words));
      svg.append(bar);
    }
  };
  lane(said("supply"), 26, what.supply);
  if (what.must) lane(said("must"), 50, what.must);
  svg.append(draw("text", {x: 0, y: 87}, said("events")));
  for (const [us, time, kind, words] of what.events.filter(([at]) => within(at))) {
    const dot = draw("circle", {cx: x(us), cy: 83, r: 4, class: "event"});
    dot.append(draw("title", {lang: "en"}, `${time} ${kind} ${words}`)); // the last are the program's
    svg.append(dot);
  }
  for (const us of (what.cut || []).filter(within)) svg.append(draw("line", {x1: x(us), x2: x(us), y1: 22, y2: 96, class: "cut"}));
  (what.announced || []).filter(([us]) => within(us)).forEach(([us, words], index) => {
    const at = x(us), end = at > left + width / 2;
    svg.append(draw("line", {x1: at, x2: at, y1: 18, y2: 100, class: "mark"}));
    svg.append(draw("text", {x: at, y: 115 + index * 15, "text-anchor": end ? "end" : "start"}, words));
  });
  if (seen.twin && seen.twin.apart && within(seen.twin.apart[0])) {
    const at = x(seen.twin.apart[0]);
    svg.append(draw("line", {x1: at, x2: at, y1: 18, y2: 100, class: "apart"}));
  }
  const now = x(seen.now.us);
  svg.append(draw("line", {x1: now, x2: now, y1: 4, y2: 140, class: "now"}));
  svg.append(draw("text", {x: now, y: 158, "text-anchor": now > left + width / 2 ? "end" : "start"}, seen.now.time));
  for (const us of seen.zoom === "whole" ? [from] : midnights(from, to)) {
    svg.append(draw("text", {x: x(us), y: 14}, dayOf(us)));
    svg.append(draw("line", {x1: x(us), x2: x(us), y1: 18, y2: 96, class: "midnight"}));
  }
  line.replaceChildren(svg);
  line.setAttribute("aria-valuenow", String(Math.round((seen.now.us - from) / (to - from) * 1000)));
  line.setAttribute("aria-valuetext", seen.now.time);
}

// Days are those of the clock that is shown: its distance from UTC is taken as it is now.
function legalOffset() { return Date.parse(seen.now.time.replace(" ", "T") + "Z") * 1000 - Math.floor(seen.now.us / 1e6) * 1e6; }

function dayOf(us) { return new Date((us + legalOffset()) / 1000).toISOString().slice(0, 10); }

function midnights(from, to) {
  const all = [], day = 864e8, offset = legalOffset();
  for (let us = Math.ceil((from + offset) / day) * day - offset; us <= to; us += day) all.push(us);
  return all;
}

// An instant as the sitting takes it: with its offset, so that no hour is meant twice.
function goTo(us) {
  const now = seen.now.us, minute = 60e6, at = Math.round(us / minute) * minute;
  const iso = new Date(at / 1000).toISOString().slice(0, 16) + "+00:00";
  if (at > seen.happened.to) act(`until ${iso}`);
  else if (Math.abs(at - now) >= minute) act(`back ${iso}`);
}

function goToEvent(step) {
  const all = seen.happened.events.map(([us]) => us), now = seen.now.us;
  const found = step < 0 ? all.findLast((us) => us < now - 1e6) : all.find((us) => us > now + 1e6);
  if (found !== undefined) act(`back ${exact(found)}`);
  else if (step > 0) act("next");
}

function exact(us) {
  const second = new Date(Math.floor(us / 1000)).toISOString().slice(0, 19);
  return `${second}.${String(us % 1e6).padStart(6, "0")}+00:00`;
}

// Bytes -----------------------------------------------------------------------------------------

function showBytes() {
  const bytes = seen.bytes, table = make("table"), place = $("bytes");
  if (!bytes) return;
  const key = seen.tab + JSON.stringify(seen.tab === "card" ? bytes.card : seen.tab === "bus" ? [bytes.bus, bytes.apdus] : bytes.meter);
  if (place.dataset.shown === key) return;
  place.dataset.shown = key;
  const head = (names) => {
    const row = make("tr");
    row.append(...names.map((name) => make("th", name, {scope: "col"})));
    table.createTHead().append(row);
  };
  const body = table.createTBody();
  table.append(make("caption", "bytes with their meaning", {class: "unseen"}));
  if (seen.tab === "bus") showBus(bytes, head, body);
  else if (seen.tab === "card") {
    head(["record", "field", "bytes", "meaning"]);
    rows(body, bytes.card.map(([record, , field, raw, meaning, wrong, mac]) =>
      [`${record} (MAC ${mac})`, field, raw, wrong ? `${meaning} ! ${wrong}` : meaning]));
    if (!bytes.card.length) place.textContent = "no card yet";
  } else {
    head(["at", "field", "bytes", "meaning", "written by"]);
    const states = bytes.meter.filter(([part]) => part.startsWith("state")); // what changes, first
    const all = [...states, ...bytes.meter.filter(([part]) => !part.startsWith("state"))];
    let last = "";
    for (const [part, chip, at, field, raw, meaning, wrong, touched, by] of all) {
      if ((seen.tab === "rtc") === (chip === "eeprom")) continue;
      if (part !== last) {
        const heading = make("tr");
        heading.append(make("th", part, {colspan: "5", scope: "rowgroup"}));
        body.append(heading);
        last = part;
      }
      const row = make("tr", undefined, {class: touched});
      const hex = chip === "eeprom" ? at.toString(16).padStart(4, "0") : at.toString(16).padStart(2, "0");
      row.append(make("td", hex, {"data-name": "at"}), make("td", field), make("td", raw, {"data-name": "bytes"}),
        make("td", wrong ? `${meaning} ! ${wrong}` : meaning), writer(by));
      if (touched) row.setAttribute("aria-label", `${touched} in the last poll: ${field}`);
      body.append(row);
    }
  }
  place.replaceChildren(table);
}

function showBus(bytes, head, body) {
  head(["what", "command or address", "answer or size"]);
  rows(body, [...bytes.apdus.map(([command, answer]) => ["card", command, answer]),
    ...bytes.bus.map(([chip, kind, at, size]) => [`${chip} ${kind}`, at.toString(16), `${size} bytes`])]);
}

function writer(by) {
  const cell = make("td");
  if (!by) return cell;
  const go = make("button", by[1].slice(0, 16), {type: "button"});
  go.onclick = () => act(`back ${exact(by[0])}`);
  cell.append(go);
  if (by[2]) cell.append(make("div", `after ${by[2].length > 90 ? by[2].slice(0, 90) + "…" : by[2]}`));
  return cell;
}

function showTab(tab) {
  seen.tab = tab.dataset.tab;
  for (const one of document.querySelectorAll("[role=tab]")) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  }
  $("bytes").setAttribute("aria-labelledby", tab.id);
  showBytes();
}

// A sitting as a script -------------------------------------------------------------------------
// Its lines, as in a terminal; a line that begins with # is the caption of the step that follows.

function showScript(text) {
  seen.script = text;
  const old = $("save-script").href;
  $("save-script").href = URL.createObjectURL(new Blob([text], {type: "text/plain"}));
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

const STEPS_MAX = 1000; // ours: more is no script that somebody shows

function stepsOf(text) {
  const steps = [];
  for (const line of text.split("\n").map((one) => one.trim()).filter(Boolean)) {
    const caption = line.startsWith("#") ? line.replace(/^#\s*/, "") : null;
    if (caption !== null) steps.push({caption, lines: []});
    else if (steps.length && steps.at(-1).captioned !== false) steps.at(-1).lines.push(line);
    else steps.push({caption: line, lines: [line], captioned: false});
    if (steps.length >= STEPS_MAX) { note("! " + said("too_long", {most: STEPS_MAX})); break; }
  }
  return steps;
}

function begin(text) {
  seen.steps = stepsOf(text);
  seen.step = 0;
  $("tour").hidden = !seen.steps.length;
  showStep(said("steps", {count: seen.steps.length}));
  $("step").focus();
}

function showStep(caption) {
  say(caption, $("caption"));
  say(said("step_of", {step: seen.step, steps: seen.steps.length}), $("step-of"));
  $("step").disabled = seen.step >= seen.steps.length;
}

function doStep() {
  const step = seen.steps[seen.step];
  step.lines.forEach((line) => send({do: line}));
  seen.step += 1;
  showStep(step.caption);
}

// The sitting makes its link: a fragment, which no browser sends to a server. One that the address brings is of this
// meter, or names the command that begins the other; its acts wait for a person, as the sitting may have files of theirs.
function showLink(link) {
  const first = seen.link === null, brought = location.hash, of = (one) => one.split("&acts=")[0];
  seen.link = link;
  if (window.Transport) { Transport.share(link); return; }
  if (!first || !brought.startsWith("#v=")) return;
  if (of(brought) === of(link)) begin(actsOf(brought));
  else note("! " + said("other_link", {line: `meter-emu ${new URLSearchParams(brought.slice(1)).get("do") ?? "run"} --web`.slice(0, 300)}));
}

function actsOf(link) {
  try {
    const bytes = atob((new URLSearchParams(link.slice(1)).get("acts") ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder().decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)));
  } catch { note("! " + said("link_damaged")); return ""; }
}

function listenToScripts() {
  $("take-tour").onclick = () => begin(seen.tour);
  $("step").onclick = doStep;
  $("leave-tour").onclick = () => { $("tour").hidden = true; };
  $("load-script").onchange = async () => {
    const [file] = $("load-script").files;
    if (file) begin((await file.text()).slice(0, 1 << 20));
    $("load-script").value = "";
  };
  $("copy-link").onclick = async () => {
    if (!seen.link) { note("! " + said("no_link")); return; }
    // The address of a served sitting has its token: there the fragment alone is for others.
    const shared = window.Transport ? Transport.share(seen.link, true) : location.hash = seen.link;
    try { await navigator.clipboard.writeText(shared); note(said("link_copied")); } catch { note(said("link_shown")); }
  };
}

// What a person does ----------------------------------------------------------------------------

function press(name, sinceMs) {
  const heldMs = performance.now() - sinceMs;
  act(heldMs < HOLD_FROM_MS ? name : `${name} ${Math.min(heldMs / 1000, 60).toFixed(1)}`);
}

function holdable(button) {
  let since = null;
  const down = () => { if (since === null) since = performance.now(); button.classList.add("down"); };
  const up = () => {
    if (since !== null) press(button.dataset.key, since);
    since = null;
    button.classList.remove("down");
  };
  button.onpointerdown = (event) => { button.setPointerCapture(event.pointerId); down(); };
  button.onpointerup = up;
  button.onpointercancel = () => { since = null; button.classList.remove("down"); };
  button.onkeydown = (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); down(); } };
  button.onkeyup = (event) => { if (event.key === " " || event.key === "Enter") { event.preventDefault(); up(); } };
}

const KEYS = {x: "remove", i: "insert", n: "next", m: "next matters", u: "back", "+": "rate +", "-": "rate -"}; // and those of acts

const ENDS_JUMP = /^(back|forth|next|until|rate max)/; // what a person wants instead of the jump under way

function officeFields(deed) {
  const fields = {}, fill = (name, id) => { if ($(id).value.trim()) fields[name] = $(id).value.trim(); };
  if (seen.now.cards.length && deed !== "new") fields.card = $("o-card").value;
  if (deed !== "write") fields[deed] = "";
  if (deed === "write") { fill("defer", "o-defer"); fill("cut", "o-cut"); }
  if (deed === "write" || deed === "reactivate") fill("load", "o-load");
  if (deed !== "read") fill("dated", "o-dated");
  return fields;
}

// What is wrong with a field stands at it; what belongs to none of them stands in the log.
function showWrong(wrong, ids) {
  for (const [name, id] of Object.entries(ids)) {
    const why = wrong[name] || "", at = $(`${id}-wrong`);
    say(why, at);
    at.hidden = !why;
    $(id).setAttribute("aria-invalid", String(Boolean(why)));
  }
  const first = Object.keys(ids).find((name) => wrong[name]);
  if (first) $(ids[first]).focus();
  for (const name of Object.keys(wrong)) if (!ids[name]) note(`! ${name}: ${wrong[name]}`);
}

const OFFICE_FIELDS = {defer: "o-defer", cut: "o-cut", load: "o-load", dated: "o-dated"};

function goWhere(sure) {
  ask({go: $("when-at").value.trim(), sure}, (answer) => {
    showWrong(answer.wrong || {}, {go: "when-at"});
    if (!answer.ask) return;
    say(answer.ask, $("far-words"));
    $("far").showModal();
  });
}

const REST_MS = 20_000; // ours: half an entry that rests so long is forgotten

function keypad() {
  const digits = $("digits");
  let rests = 0;
  const wait = () => { clearTimeout(rests); rests = setTimeout(() => { digits.value = ""; }, REST_MS); };
  digits.oninput = wait;
  for (const key of document.querySelectorAll(".pad button"))
    key.onclick = () => { digits.value = key.textContent === "C" ? "" : digits.value + key.textContent; wait(); };
  const enter = (event) => {
    event.preventDefault();
    if (digits.value.trim()) act(`type ${digits.value}`);
    digits.value = "";
  };
  $("enter").onclick = enter;
  $("keypad").onsubmit = enter;
}

function listen() {
  for (const button of document.querySelectorAll("[data-do]")) button.onclick = () => act(button.dataset.do);
  for (const button of document.querySelectorAll("[data-key]")) holdable(button);
  keypad();
  $("to-apart").onclick = () => act(`back ${exact(seen.twin.apart[0])}`);
  $("put-in").onclick = () => act(`insert ${$("pick").value}`);
  $("office").onsubmit = (event) => {
    event.preventDefault();
    const deed = event.submitter ? event.submitter.value : "write";
    ask({office: officeFields(deed)}, (answer) => showWrong(answer.wrong || {}, OFFICE_FIELDS));
  };
  $("vending").onsubmit = (event) => {
    event.preventDefault();
    const deed = event.submitter ? event.submitter.value : "sell";
    act(deed === "unlock" ? "office unlock" : `office ${deed} ${$("v-days").value}`);
  };
  $("typed").onsubmit = (event) => { event.preventDefault(); act($("typed-line").value); $("typed-line").value = ""; };
  $("when").onsubmit = (event) => {
    event.preventDefault();
    if ($("when-at").value.trim()) goWhere(false);
  };
  $("far-go").onclick = () => { $("far").close(); goWhere(true); };
  $("far-stay").onclick = () => $("far").close();
  for (const button of document.querySelectorAll("[data-zoom]")) button.onclick = () => {
    seen.zoom = button.dataset.zoom;
    for (const one of document.querySelectorAll("[data-zoom]")) one.setAttribute("aria-pressed", String(one === button));
    showLine();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && seen.now && seen.now.jump && !$("far").open) { event.preventDefault(); send({do: "stop"}); return; }
    const typing = event.target.matches("input, select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const line = KEYS[event.key];
    if (line) { event.preventDefault(); act(line); }
  });
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, index) => {
    tab.onclick = () => showTab(tab);
    tab.onkeydown = (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!step) return;
      const other = tabs[(index + step + tabs.length) % tabs.length];
      showTab(other);
      other.focus();
    };
  });
  const line = $("line");
  const at = (event) => {
    const [from, to] = span(), box = line.getBoundingClientRect();
    const part = (event.clientX - box.left - Number(line.dataset.left)) / Number(line.dataset.width);
    return from + Math.min(Math.max(part, 0), 1) * (to - from);
  };
  const scrub = (us) => { // while dragging only where something is known: what is ahead waits for the end
    const within = Math.min(us, seen.happened.to);
    if (seen.scrub === null || Math.abs(within - seen.scrub) > 60e6) { seen.scrub = within; goTo(within); }
  };
  line.onpointerdown = (event) => { line.setPointerCapture(event.pointerId); seen.scrub = null; line.dataset.down = "1"; };
  line.onpointermove = (event) => { if (line.dataset.down) scrub(at(event)); };
  line.onpointerup = (event) => { delete line.dataset.down; goTo(at(event)); };
  line.onkeydown = (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (step) { event.preventDefault(); goToEvent(step); }
  };
  addEventListener("resize", showLine);
}

listen();
listenToScripts();
connect();
