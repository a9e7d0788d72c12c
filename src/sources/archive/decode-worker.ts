/**
 * What a decoding thread runs: streams of compressed bytes, one after the other, decoded into a few buffers that go back and forth.
 * Started by decode-thread.ts only. Knows no dump.
 */
import { parentPort } from "node:worker_threads";
import { decodeStream, type Encoded, prepareDecoder } from "./decoders.ts";

/** What a thread is told. A stream is a `start`, as many inputs as were wanted, and a buffer for each output that was used. */
export type ToThread =
  /** A stream of this kind will follow some time. */
  | { readonly kind: "prepare"; readonly algorithm: Encoded }
  | { readonly kind: "start"; readonly algorithm: Encoded }
  | { readonly kind: "input"; readonly bytes: ArrayBuffer; readonly length: number }
  /** The end of the stream. */
  | { readonly kind: "input"; readonly bytes?: undefined }
  /** A buffer of OUTPUT_BYTES to fill; absent if a new one is to be made. */
  | { readonly kind: "buffer"; readonly bytes?: ArrayBuffer };

/** What a thread tells. Nothing follows `ended` or `failed` until the next `start`. */
export type FromThread =
  /** Another input, in the memory of one that was used if there is one. */
  | { readonly kind: "want"; readonly bytes?: ArrayBuffer }
  | { readonly kind: "output"; readonly bytes: ArrayBuffer; readonly length: number }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly reason: string };

/** Size of each output buffer. */
export const OUTPUT_BYTES = 524_288;
/** Output buffers of a stream: one is read, one is filled, one is on its way. */
const BUFFERS = 3;
/** Inputs of a stream: one is decoded, one is on its way. */
const INPUTS = 2;

const port = parentPort;

interface Input {
  readonly bytes: ArrayBuffer;
  readonly length: number;
}

/** What belongs to one stream: nothing of it is seen by the next one. */
interface Stream {
  readonly inputs: Queue<Input | undefined>;
  readonly buffers: Queue<ArrayBuffer | undefined>;
}

let stream: Stream = { inputs: queue(), buffers: queue() };

port?.on("message", (message: ToThread) => {
  if (message.kind === "input") stream.inputs.add(message.bytes && message);
  else if (message.kind === "buffer") stream.buffers.add(message.bytes);
  else if (message.kind === "prepare") prepareDecoder(message.algorithm);
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
    await send(decodeStream(algorithm, incoming(inputs)), buffers);
    tell({ kind: "ended" });
  } catch (error) {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
}

async function* incoming(inputs: Stream["inputs"]): AsyncGenerator<Buffer, void, undefined> {
  for (let count = 0; count < INPUTS; count += 1) tell({ kind: "want" });
  for (;;) {
    const input = await inputs.next();
    if (!input) return;
    const { bytes, length } = input;
    yield Buffer.from(bytes, 0, length);
    tell({ kind: "want", bytes }, [bytes]);
  }
}

/** Gathers chunks in buffers: a message takes as long as some of them are long. */
async function send(chunks: AsyncIterable<Buffer>, buffers: Stream["buffers"]): Promise<void> {
  let memory: Uint8Array<ArrayBuffer> | undefined;
  let length = 0;
  const flush = (): void => {
    if (memory) tell({ kind: "output", bytes: memory.buffer, length }, [memory.buffer]);
    memory = undefined;
    length = 0;
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      memory ??= new Uint8Array((await buffers.next()) ?? new ArrayBuffer(OUTPUT_BYTES));
      const piece = chunk.subarray(at, at + OUTPUT_BYTES - length);
      memory.set(piece, length);
      at += piece.length;
      length += piece.length;
      if (length === OUTPUT_BYTES) flush();
    }
  }
  flush();
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
