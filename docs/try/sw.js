// Keeps the page for use without a network, each file by its hash, and answers with its policy.
// Reports are in no store: the page that made one is asked for it, and with the page they are gone.
"use strict";
const [NAME, FILES] = ["", {}];
const TYPES = {css: "text/css", html: "text/html; charset=utf-8", js: "text/javascript", json: "application/json",
  mjs: "text/javascript", svg: "image/svg+xml", txt: "text/plain; charset=utf-8", wasm: "application/wasm", zip: "application/zip"};
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self'; "
  + "worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const APART = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"};
const ANSWER_MS = 2000; // ours: a page that is there answers in milliseconds

async function keep() {
  const kept = await caches.open(NAME);
  const all = Object.entries(FILES);
  let count = 0;
  await Promise.all(all.map(async ([name, integrity]) => {
    const answer = await fetch(name, {integrity, cache: "no-cache"});
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    await kept.put(name, answer);
    count += 1;
    for (const page of await clients.matchAll({includeUncontrolled: true})) page.postMessage({kept: [count, all.length]});
  }));
  await skipWaiting();
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith("meter-emu ") && name !== NAME) await caches.delete(name);
  await clients.claim();
}

// A report, `made/` or built with the page, has a policy of its own in it.
async function answer(name) {
  const made = name.startsWith("made/");
  const body = made ? await asked(name) : await (await caches.open(NAME)).match(name).then((found) => found && found.body);
  if (!body) return new Response("no such page\n", {status: 404, headers: APART});
  const type = TYPES[made ? "html" : name.split(".").pop()];
  const policy = made || name.startsWith("july/") ? {} : {"Content-Security-Policy": POLICY};
  return new Response(body, {headers: {...APART, ...policy, "Content-Type": type}});
}

async function asked(name) {
  for (const page of await clients.matchAll({type: "window"})) {
    if (page.frameType !== "top-level") continue;
    const text = await new Promise((resolve) => {
      const {port1, port2} = new MessageChannel();
      port1.onmessage = ({data}) => resolve(data);
      setTimeout(resolve, ANSWER_MS);
      page.postMessage({wanted: name}, [port2]);
    });
    if (text) return text;
  }
  return null;
}

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(takeOver()));
addEventListener("fetch", (event) => {
  const at = new URL(event.request.url), here = new URL(registration.scope);
  if (at.pathname === `${here.pathname}SHA256SUMS`) return; // it has the hash of this file, and comes from the server
  if (at.origin !== here.origin) event.respondWith(new Response("", {status: 403}));
  else if (at.pathname.startsWith(here.pathname))
    event.respondWith(answer(at.pathname.slice(here.pathname.length).replace(/(^|\/)$/, "$1index.html")));
});
