// The page's end of a worker that runs commands: one at a time, each can be interrupted.
const INTERRUPT = 2; // as Ctrl-C

export class Engine {
  constructor(hear = () => {}) {
    this.hear = hear; // of {far} while a command runs
    this.interrupt = self.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : null;
    this.worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve());
      this.worker.onerror = (event) => reject(new Error(event.message || "the worker did not start"));
    });
    this.last = this.ready;
  }

  // Run a command after those before it: {argv, put, take, fresh}; give {status, out, err, files}.
  run(command) {
    const result = this.last.catch(() => {}).then(() => this.ready).then(() => new Promise((resolve, reject) => {
      if (this.interrupt) this.interrupt[0] = 0;
      this.worker.onmessage = ({ data }) => {
        if (data.far) this.hear(...data.far);
        else if (data.failed) reject(new Error(data.failed));
        else resolve(data.done);
      };
      this.worker.postMessage({ ...command, interrupt: this.interrupt });
    }));
    this.last = result;
    return result;
  }

  cancel() { if (this.interrupt) this.interrupt[0] = INTERRUPT; }
}

// Split a command line as a shell does: words, quotes, and no more.
export function words(line) {
  const found = [];
  for (const [, word] of line.trim().matchAll(/((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/g))
    found.push(word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, one, two, three) => one ?? three ?? two.replace(/\\(["\\])/g, "$1")));
  return found;
}
