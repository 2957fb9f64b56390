// Runs commands as the page's worker does, in Node: a JSON list of them in, a JSON line each out.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const { begin, command, sit } = await import(pathToFileURL(`${folder}/python.mjs`));
const archive = new Uint8Array(readFileSync(`${folder}/python/program.zip`));
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

const started = performance.now();
const wrong = process.argv[3] === "wrong" ? [() => "00".repeat(16)] : [];
const program = await begin(`${folder}/python/`, archive, ...wrong).catch((error) => {
  say({ failed: String(error) });
  process.exit(3);
});
say({ ready_ms: performance.now() - started });

for (const one of JSON.parse(readFileSync(0, "utf8"))) {
  const from = performance.now();
  if (one.acts) {
    const shown = {}, log = [], acts = [...one.acts];
    const wait = () => (shown.now && !shown.now.jumping && acts.length ? JSON.stringify({ do: acts.shift() }) : "");
    const show = (text) => {
      const { log: lines = [], ...parts } = JSON.parse(text);
      Object.assign(shown, parts);
      log.push(...lines);
    };
    say({ ...sit(program, one, wait, show), shown, log, ms: performance.now() - from });
    continue;
  }
  let far = 0;
  const { files, out, ...rest } = command(program, one, () => { far += 1; });
  const digests = Object.fromEntries(Object.entries(files).map(([name, data]) => [name, sha256(data)]));
  say({ ...rest, out: one.hashed ? sha256(Buffer.from(out)) : out, files: digests, far, ms: performance.now() - from });
}
process.exit(0);
