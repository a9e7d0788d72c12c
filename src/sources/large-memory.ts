/**
 * Memory for what is far larger than usual, such as a row of 100 MB: it goes back to the system when it is no longer needed, not when the
 * garbage collector comes. Knows no rows.
 */
import { MessageChannel } from "node:worker_threads";

/** Smaller pieces are not worth it: the collector frees many of them at once. */
const LARGE = 1024 * 1024;

let port: MessageChannel["port1"] | undefined;

/**
 * Frees a buffer that has its memory for itself, if it is large: every view of it has length 0 from then on. Small ones are left to the
 * collector.
 */
export function releaseLarge({ buffer }: Buffer): void {
  if (buffer.byteLength < LARGE || !(buffer instanceof ArrayBuffer)) return;
  port ??= closedPort();
  // What is transferred leaves this thread, and a message to a port that is closed goes nowhere.
  port.postMessage(undefined, [buffer]);
}

function closedPort(): MessageChannel["port1"] {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}

/** More than 32 MiB: only pieces so large go back to the system for sure when they are freed. */
const BLOCK = 33 * 1024 * 1024;

/** What is not larger is used again. */
const KEPT = 4 * 1024 * 1024;

/** Bytes that are put together to one piece, which nobody knows the length of beforehand. */
export interface Gathered {
  readonly length: () => number;
  /** Copies the bytes behind those that there are. */
  readonly add: (bytes: Buffer) => void;
  /** All of them in one piece, valid until the next `add` or `free`; it begins anew with that one. */
  readonly take: () => Buffer;
  /** Frees what is large. */
  readonly free: () => void;
}

/** Nothing yet. Memory: what is gathered and another 33 MB; what is large is freed when the next bytes come, the rest is used again. */
export function gathered(): Gathered {
  let small = Buffer.alloc(0);
  let filled = 0;
  /** Behind the bytes of `small`: all but the last one are full. */
  let blocks: Buffer[] = [];
  let rest = 0;
  let taken: Buffer | undefined;

  function addLarge(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      let block = blocks.at(-1);
      const free = block ? blocks.length * BLOCK - rest : 0;
      if (!block || free === 0) {
        block = Buffer.allocUnsafeSlow(BLOCK);
        blocks.push(block);
      }
      const copied = bytes.copy(block, rest % BLOCK, at);
      rest += copied;
      at += copied;
    }
  }

  function free(): void {
    if (taken) releaseLarge(taken);
    taken = undefined;
  }

  function whole(): Buffer {
    const last = small;
    if (small.length > KEPT) {
      small = Buffer.alloc(0);
      taken = last;
    }
    if (rest === 0) return last.subarray(0, filled);
    taken = Buffer.allocUnsafeSlow(filled + rest);
    last.copy(taken, 0, 0, filled);
    if (last !== small) releaseLarge(last);
    for (const [index, block] of blocks.entries()) {
      block.copy(taken, filled + index * BLOCK, 0, Math.min(BLOCK, rest - index * BLOCK));
      releaseLarge(block);
    }
    return taken;
  }

  return {
    length: () => filled + rest,
    add(bytes) {
      free();
      if (rest > 0 || filled + bytes.length > BLOCK) {
        addLarge(bytes);
        return;
      }
      if (filled + bytes.length > small.length) {
        const larger = Buffer.allocUnsafeSlow(2 * (filled + bytes.length));
        small.copy(larger, 0, 0, filled);
        releaseLarge(small);
        small = larger;
      }
      filled += bytes.copy(small, filled);
    },
    take() {
      const all = whole();
      blocks = [];
      filled = 0;
      rest = 0;
      return all;
    },
    free,
  };
}
