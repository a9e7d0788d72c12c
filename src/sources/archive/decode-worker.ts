/**
 * What a decoding thread runs: streams of compressed bytes, one after the other, decoded into a few buffers that go back and forth.
 * Started by decode-thread.ts only. Knows no dump.
 */
import { parentPort } from "node:worker_threads";
import { decodeStream, type Encoded } from "./decoders.ts";

/** What a thread is told. A stream is a `start`, as many inputs as were wanted, and a buffer for each output that was used. */
export type ToThread =
  | { readonly kind: "start"; readonly algorithm: Encoded }
  /** Absent at the end of the stream. */
  | { readonly kind: "input"; readonly bytes?: Uint8Array }
  /** A buffer of OUTPUT_BYTES to fill; absent if a new one is to be made. */
  | { readonly kind: "buffer"; readonly bytes?: ArrayBuffer };

/** What a thread tells. Nothing follows `ended` or `failed` until the next `start`. */
export type FromThread =
  | { readonly kind: "want" }
  | { readonly kind: "output"; readonly bytes: ArrayBuffer; readonly length: number }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly reason: string };

/** Size of each output buffer. */
export const OUTPUT_BYTES = 262_144;
/** Output buffers of a stream: one is read, one is filled, the others are on their way. */
const BUFFERS = 4;
/** Inputs that are asked for ahead. */
const INPUTS_AHEAD = 2;

const port = parentPort;

/** What belongs to one stream: nothing of it is seen by the next one. */
interface Stream {
  readonly inputs: Queue<Uint8Array | undefined>;
  readonly buffers: Queue<ArrayBuffer | undefined>;
}

let stream: Stream = { inputs: queue(), buffers: queue() };

port?.on("message", (message: ToThread) => {
  if (message.kind === "input") stream.inputs.add(message.bytes);
  else if (message.kind === "buffer") stream.buffers.add(message.bytes);
  else {
    stream = { inputs: queue(), buffers: queue() };
    void decode(message.algorithm, stream);
  }
});

function tell(message: FromThread, moved: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, [...moved]);
}

async function decode(algorithm: Encoded, { inputs, buffers }: Stream): Promise<void> {
  for (let count = 0; count < BUFFERS; count += 1) buffers.add(undefined);
  try {
    for await (const chunk of decodeStream(algorithm, incoming(inputs))) await send(chunk, buffers);
    tell({ kind: "ended" });
  } catch (error) {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
}

async function* incoming(inputs: Stream["inputs"]): AsyncGenerator<Buffer, void, undefined> {
  for (let count = 0; count < INPUTS_AHEAD; count += 1) tell({ kind: "want" });
  for (;;) {
    const bytes = await inputs.next();
    if (!bytes) return;
    tell({ kind: "want" });
    yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

async function send(chunk: Buffer, buffers: Stream["buffers"]): Promise<void> {
  for (let at = 0; at < chunk.length; at += OUTPUT_BYTES) {
    const piece = chunk.subarray(at, at + OUTPUT_BYTES);
    const bytes = (await buffers.next()) ?? new ArrayBuffer(OUTPUT_BYTES);
    new Uint8Array(bytes).set(piece);
    tell({ kind: "output", bytes, length: piece.length }, [bytes]);
  }
}

interface Queue<T> {
  readonly add: (item: T) => void;
  readonly next: () => Promise<T>;
}

/** Items in order; one taker at a time. */
function queue<T>(): Queue<T> {
  const items: { readonly item: T }[] = [];
  let taker: ((item: T) => void) | undefined;
  return {
    add: (item) => {
      if (taker) taker(item);
      else items.push({ item });
      taker = undefined;
    },
    next: async () => {
      const first = items.shift();
      if (first) return first.item;
      return new Promise((resolve) => {
        taker = resolve;
      });
    },
  };
}
