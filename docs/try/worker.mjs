// The worker that has Python: runs a command and says what came of it, or sits at a meter.
import { Pipe } from "./pipe.mjs";
import { begin, command, opened, sit } from "./python.mjs";

const at = (name) => new URL(name, import.meta.url).href;

async function start() {
  const archive = await fetch(at("python/program.zip"));
  if (!archive.ok) throw new Error(`program.zip: ${archive.status}`);
  return begin(at("python/"), await archive.arrayBuffer());
}

const started = start();
started.then(() => postMessage({ ready: true }), (error) => postMessage({ failed: String(error) }));

onmessage = async ({ data }) => {
  const program = await started;
  if (data.interrupt) program.python.setInterruptBuffer(data.interrupt);
  try {
    if (data.pipe) {
      const pipe = new Pipe(data.pipe);
      postMessage({ done: sit(program, data, (ms) => pipe.read(ms), (shown) => postMessage({ shown })) });
    } else if (data.link) {
      postMessage({ done: opened(program, data.link) });
    } else {
      postMessage({ done: command(program, data, (done, total) => postMessage({ far: [done, total] })) });
    }
  } catch (error) { // a fault of ours: whoever waits hears of it
    postMessage({ failed: String(error) });
  }
};
