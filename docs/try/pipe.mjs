// Messages from a page to a worker that waits for them: a ring of shared memory, one writer, one reader.
const SIZE = 1 << 20; // ours: some thousands of acts that wait for the meter
const [WRITTEN, READ] = [0, 1]; // counts of bytes, without end
const HEAD = 8, LENGTH = 4;

export class Pipe {
  constructor(shared = new SharedArrayBuffer(HEAD + SIZE)) {
    this.shared = shared;
    this.counts = new Int32Array(shared, 0, 2);
    this.bytes = new Uint8Array(shared, HEAD);
  }

  get waiting() { return (Atomics.load(this.counts, WRITTEN) - Atomics.load(this.counts, READ)) | 0; }

  // Take a message whole, or not at all when there is no room.
  write(text) {
    const data = new TextEncoder().encode(text), length = new Uint8Array(new Uint32Array([data.length]).buffer);
    if (this.waiting + LENGTH + data.length > SIZE) return false;
    const from = Atomics.load(this.counts, WRITTEN);
    [...length, ...data].forEach((byte, index) => { this.bytes[(from + index) & (SIZE - 1)] = byte; });
    Atomics.store(this.counts, WRITTEN, (from + LENGTH + data.length) | 0);
    Atomics.notify(this.counts, WRITTEN);
    return true;
  }

  // Return a message, waiting for it so long (less than 0: for ever); empty when none came.
  read(waitMs) {
    if (!this.waiting) Atomics.wait(this.counts, WRITTEN, Atomics.load(this.counts, READ), waitMs < 0 ? Infinity : waitMs);
    if (!this.waiting) return "";
    const from = Atomics.load(this.counts, READ);
    const part = (at, count) => Uint8Array.from({ length: count }, (_, index) => this.bytes[(from + at + index) & (SIZE - 1)]);
    const count = new Uint32Array(part(0, LENGTH).buffer)[0], data = part(LENGTH, count);
    Atomics.store(this.counts, READ, (from + LENGTH + count) | 0);
    return new TextDecoder().decode(data);
  }
}
