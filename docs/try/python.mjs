// Python with the program in it: of a worker in a browser, and of the tests in Node.
import { loadPyodide } from "./python/pyodide.mjs";
import { cmac } from "./ciphers/aes.js";
import { bytesToHex, hexToBytes } from "./ciphers/utils.js";

const KEPT = "/home/pyodide"; // where files of the page are, and the command's folder

const hexCmac = (key, message) => bytesToHex(cmac(hexToBytes(message), hexToBytes(key)));

// `folder` has Python, `archive` is the bytes of the program's; `mac` is for a test to spoil.
export async function begin(folder, archive, mac = hexCmac) {
  const python = await loadPyodide({ indexURL: folder, env: { HOME: KEPT, COLUMNS: "80", NO_COLOR: "1" } });
  const place = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(archive, "zip", { extractDir: place });
  python.runPython("import importlib; importlib.invalidate_caches()");
  const program = python.pyimport("meter_emu.inpage.worker");
  program.take_cipher(mac);
  return { python, program };
}

// Put files in, run a command, take files out. Files of a `fresh` command are gone when it ends.
export function command({ python, program }, { argv, outputs = [], put = {}, take = [], fresh = false }, far = () => {}) {
  const files = python.FS;
  for (const [name, bytes] of Object.entries(put)) files.writeFile(`${KEPT}/${name}`, bytes);
  const said = JSON.parse(program.command(argv, outputs, far));
  const taken = {};
  for (const name of take) if (files.analyzePath(`${KEPT}/${name}`).exists) taken[name] = files.readFile(`${KEPT}/${name}`);
  if (fresh) clear(files, KEPT);
  return { ...said, files: taken };
}

// What a link shows: {words, line, put, acts}, or {err}.
export function opened({ program }, link) {
  const scene = JSON.parse(program.opened(link));
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  return { ...scene, put: Object.fromEntries(Object.entries(scene.put ?? {}).map(([name, text]) => [name, bytes(text)])) };
}

function clear(files, folder) {
  for (const name of files.readdir(folder)) {
    if (name === "." || name === "..") continue;
    const path = `${folder}/${name}`;
    if (files.isDir(files.lstat(path).mode)) { clear(files, path); files.rmdir(path); } else files.unlink(path);
  }
}

// A sitting at a meter: until `wait` says that the page has gone, or it was asked to end.
export function sit({ python, program }, { argv, put = {} }, wait, show) {
  for (const [name, bytes] of Object.entries(put)) python.FS.writeFile(`${KEPT}/${name}`, bytes);
  return JSON.parse(program.sit_in_page(argv, wait, show));
}
