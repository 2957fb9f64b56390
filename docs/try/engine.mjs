// The page's end of a worker that runs commands: one at a time, each can be interrupted.
const INTERRUPT = 2; // as Ctrl-C
const ANSWER_MS = 10_000; // ours: it ends within a second

export class Engine {
  constructor(hear = () => {}) {
    this.hear = hear; // of {far} while a command runs
    this.interrupt = self.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : null;
    this.worker = new Worker(new URL("worker.mjs", import.meta.url), { type: "module" });
    this.ready = new Promise((resolve, reject) => {
      this.fail = reject; // of what is under way
      this.worker.onmessage = ({ data }) => (data.failed ? reject(new Error(data.failed)) : resolve());
      this.worker.onerror = (event) => this.fail(new Error(event.message || "A script of this page did not come, or its worker has ended."));
    });
    this.last = this.ready;
  }

  // Run a command after those before it: {argv, outputs, put, take, fresh}; give {status, out, err, files, link}.
  // Or open a link, {link}; give what it shows.
  run(command) {
    const result = this.last.catch(() => {}).then(() => this.ready).then(() => new Promise((resolve, reject) => {
      this.fail = reject;
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

  // What is under way ends, with words of the program; without any after so long it has died.
  cancel() {
    if (this.interrupt) this.interrupt[0] = INTERRUPT;
    const fail = this.fail;
    setTimeout(() => fail(new Error("The program does not answer. Begin again.")), ANSWER_MS);
  }
}

// Split a command line as a shell does: words, quotes, and no more.
export function words(line) {
  const found = [];
  for (const [, word] of line.trim().matchAll(/((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/g))
    found.push(word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, one, two, three) => one ?? three ?? two.replace(/\\(["\\])/g, "$1")));
  return found;
}
