// What the front panel's script has in place of a socket: a worker in which the meter is.
import { Pipe } from "../pipe.mjs";

const OPEN = 1, CLOSED = 3; // as of a socket

window.Transport = class {
  readyState = 0;

  constructor() {
    const asked = parent.sitting ?? { argv: ["run"] };
    const sitting = { ...asked, argv: [...asked.argv, "--language", document.documentElement.lang] };
    if (!crossOriginIsolated) { // opened by itself, before the page that gives it shared memory
      this.readyState = CLOSED;
      queueMicrotask(() => this.say(["! This is a room of the page without install. Open that page first: it is one folder up."]));
      return;
    }
    this.pipe = new Pipe();
    this.worker = new Worker(new URL("../worker.mjs", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data, sitting);
    queueMicrotask(() => this.say(["Python starts: some seconds"]));
  }

  hear({ ready, shown, done, failed }, sitting) {
    if (ready) {
      this.readyState = OPEN;
      this.onopen();
      this.worker.postMessage({ ...sitting, pipe: this.pipe.shared });
      const lines = (sitting.acts ?? "").split("\n").filter(Boolean); // a link leads to its moment, and time stands there
      for (const line of lines.length ? ["rate max", ...lines] : []) this.send(JSON.stringify({ do: line }));
    }
    if (shown) this.onmessage({ data: shown });
    if (done || failed) { // without `onclose`: nothing would be another time that is wrong now
      this.readyState = CLOSED;
      this.say((failed ?? done.err).split("\n").filter(Boolean).map((line) => `! ${line}`));
    }
  }

  // Keep the link to this meter in the page's address; return the address.
  static share(link, now = false) { return parent.keep("meter", link, now); }

  say(log) { this.onmessage({ data: JSON.stringify({ log }) }); }

  send(message) {
    if (!this.pipe.write(message)) this.onmessage({ data: JSON.stringify({ refused: "too much at once: it was not done" }) });
  }
};
