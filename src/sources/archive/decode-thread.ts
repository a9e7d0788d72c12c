/**
 * Decodes compressed streams in a thread of their own, so that the main thread only compares. The thread runs the compiled
 * decode-worker.js: beside this file where it is compiled itself, in dist/ where it runs from sources, which node cannot load.
 */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { FromThread, ToThread } from "./decode-worker.ts";
import type { Encoded } from "./decoders.ts";

/** What `decodeInThread` needs. */
export interface ThreadRequest {
  readonly algorithm: Encoded;
  /** A chunk is used before the next one is asked for. */
  readonly bytes: AsyncIterator<Buffer, unknown>;
  /** True if the caller is done with a chunk when it asks for the next one: its memory is used again. */
  readonly lent: boolean;
  /** Makes the failure for what cannot be decoded. */
  readonly damage: (reason: string) => Error;
}

/** From sources without a build there is none. */
const CODE: URL = new URL(
  import.meta.url.endsWith(".ts")
    ? "../../../dist/sources/archive/decode-worker.js"
    : "decode-worker.js",
  import.meta.url,
);

/** True if there is code for a thread. */
export function hasThreads(): boolean {
  return existsSync(CODE);
}

/** Young garbage is buffers: the less of it is waited for, the less memory they take. */
const LIMITS = { maxYoungGenerationSizeMb: 4 } as const;
/** Starting one takes as long as decoding some MB, so the last ones wait for more. They keep no process alive. */
const idle: Worker[] = [];
const MAX_IDLE = 2;

/** Starts a thread before it is needed, unless enough of them wait: it gets ready while the caller does something else. */
export function prepareThread(algorithm: Encoded): void {
  if (idle.length >= MAX_IDLE) return;
  const worker = newWorker();
  worker.unref();
  post(worker, { kind: "prepare", algorithm });
  idle.push(worker);
}

function newWorker(): Worker {
  const worker = new Worker(CODE, { execArgv: [], resourceLimits: LIMITS });
  // Who uses it hears of its errors and its end; one that ends while it waits is never used.
  return worker
    .on("error", () => undefined)
    .once("exit", () => {
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
    });
}

/**
 * What the compressed bytes hold. Memory: a few buffers that go back and forth. Closes `bytes`, and ends the thread if the consumer
 * stops early.
 *
 * @throws what `damage` makes, and what reading `bytes` throws.
 */
export async function* decodeInThread(
  request: ThreadRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const thread = startThread(request);
  let reusable = false;
  try {
    for (;;) {
      const event = await thread.next();
      if (event.kind === "ended") {
        reusable = true;
        return;
      }
      if (event.kind === "crashed") throw event.error;
      if (event.kind === "failed") throw request.damage(event.reason);
      yield Buffer.from(event.bytes, 0, event.length);
      thread.giveBack(event.bytes);
    }
  } finally {
    await thread.close(reusable);
    await request.bytes.return?.();
  }
}

type Event = Exclude<FromThread, { readonly kind: "want" }> | Crash;

interface Crash {
  readonly kind: "crashed";
  readonly error: unknown;
}

interface Thread {
  readonly next: () => Promise<Event>;
  readonly giveBack: (buffer: ArrayBuffer) => void;
  /** A thread that is reusable has nothing under way. */
  readonly close: (reusable: boolean) => Promise<void>;
}

function startThread({ algorithm, bytes, lent }: ThreadRequest): Thread {
  const worker = idle.pop() ?? newWorker();
  worker.ref();
  const events: Event[] = [];
  let wake: (() => void) | undefined;
  const note = (event: Event): void => {
    events.push(event);
    wake?.();
  };
  let feeding = Promise.resolve();
  let closed = false;
  const feed = async (memory: ArrayBuffer | undefined): Promise<void> => {
    try {
      if (!closed) await sendInput(worker, bytes, memory);
    } catch (error) {
      note({ kind: "crashed", error });
    }
  };
  const onMessage = (message: FromThread): void => {
    if (message.kind === "want") feeding = feeding.then(() => feed(message.bytes));
    else note(message);
  };
  const onError = (error: unknown): void => note({ kind: "crashed", error });
  const onExit = (): void => onError(new Error("the decoding thread ended by itself"));
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  post(worker, { kind: "start", algorithm });
  return {
    next: async () => {
      for (;;) {
        const event = events.shift();
        if (event) return event;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    giveBack: (buffer) => {
      if (lent) post(worker, { kind: "buffer", bytes: buffer }, [buffer]);
      else post(worker, { kind: "buffer" });
    },
    close: async (reusable) => {
      closed = true;
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      const kept = reusable && idle.length < MAX_IDLE;
      if (!kept) await worker.terminate();
      // What was wanted before the end is sent before the next start.
      await feeding;
      if (!kept) return;
      worker.unref();
      idle.push(worker);
    },
  };
}

/** Sends the next chunk in memory that the thread has given back, where that is large enough. */
async function sendInput(
  worker: Worker,
  bytes: AsyncIterator<Buffer, unknown>,
  memory: ArrayBuffer | undefined,
): Promise<void> {
  const { done, value } = await bytes.next();
  if (done || !Buffer.isBuffer(value)) {
    post(worker, { kind: "input" });
    return;
  }
  const { length } = value;
  const sent = memory && memory.byteLength >= length ? memory : new ArrayBuffer(length);
  new Uint8Array(sent).set(value);
  post(worker, { kind: "input", bytes: sent, length }, [sent]);
}

function post(worker: Worker, message: ToThread, moved: readonly ArrayBuffer[] = []): void {
  worker.postMessage(message, [...moved]);
}
