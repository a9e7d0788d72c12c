/**
 * zstd frames as the bytes they hold: by node where it can, else by zstd itself as WebAssembly. Both check checksums of the content
 * and refuse windows beyond 128 MiB. The only importer of zstddec.
 */
import { Duplex } from "node:stream";
import * as zlib from "node:zlib";

/** A window of 128 MiB, what `pg_dump --compress=zstd:long` and `zstd --long` need, and the default of zstd's decoder. */
const MAX_WINDOW_LOG = 27;
const NODE_OUTPUT_BYTES = 262_144;

/** True if node decodes zstd itself. */
export function hasNodeZstd(): boolean {
  return "createZstdDecompress" in zlib;
}

/** A decompressing stream of node, which has one from 22.15 and 23.8 on. */
export function nodeZstd(): Duplex | undefined {
  if (!("createZstdDecompress" in zlib)) return;
  const create: unknown = zlib.createZstdDecompress;
  const constants: Readonly<Record<string, unknown>> = zlib.constants;
  const parameter = constants["ZSTD_d_windowLogMax"];
  if (typeof create !== "function" || typeof parameter !== "number") return;
  const stream: unknown = Reflect.apply(create, zlib, [
    { chunkSize: NODE_OUTPUT_BYTES, params: { [parameter]: MAX_WINDOW_LOG } },
  ]);
  return stream instanceof Duplex ? stream : undefined;
}

/** Functions of zstd's C interface. Numbers are addresses and sizes in its memory; failures are sizes beyond all others. */
interface Zstd {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly malloc: (size: number) => number;
  readonly free: (address: number) => void;
  readonly ZSTD_createDCtx: () => number;
  readonly ZSTD_freeDCtx: (context: number) => number;
  readonly ZSTD_decompressStream: (context: number, output: number, input: number) => number;
}

/** Loaded once: its memory stays. */
let loaded: Promise<Zstd> | undefined;

async function loadZstd(): Promise<Zstd> {
  const { ZSTDDecoder } = await import("zstddec/stream");
  const decoder = new ZSTDDecoder();
  const found: { exports?: Zstd } = {};
  const { _init: init } = decoder;
  // Its own streaming does not tell failures, so that a corrupt frame would be read for ever.
  decoder._init = (result: { readonly instance: { readonly exports: unknown } }) => {
    init.call(decoder, result);
    if (isZstd(result.instance.exports)) found.exports = result.instance.exports;
  };
  await withoutFetch(() => decoder.init());
  if (!found.exports) throw new Error("zstddec does not export what it did");
  return found.exports;
}

/** zstddec reads its own code by `fetch` where there is one, and loading that costs node 30 ms and 10 MB. Nothing else runs meanwhile. */
function withoutFetch<T>(start: () => T): T {
  const { fetch } = globalThis;
  const property = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(globalThis, "fetch", { ...property, value: undefined });
  try {
    return start();
  } finally {
    Object.defineProperty(globalThis, "fetch", { ...property, value: fetch });
  }
}

function isZstd(exports: unknown): exports is Zstd {
  const names = ["malloc", "free", "ZSTD_createDCtx", "ZSTD_freeDCtx", "ZSTD_decompressStream"];
  if (typeof exports !== "object" || exports === null || !("memory" in exports)) return false;
  const functions: Readonly<Record<string, unknown>> = { ...exports };
  return names.every((name) => typeof functions[name] === "function");
}

/** Begins to load what `readZstd` needs. */
export function prepareZstd(): void {
  loaded ??= loadZstd();
  // Whoever reads meets the failure.
  loaded.catch(() => undefined);
}

/** What the frames in a stream hold, without node's help. A chunk is valid until the next one is asked for. @throws Error if they are cut off or corrupt. */
export async function* readZstd(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  loaded ??= loadZstd();
  const zstd = await loaded;
  const places = {
    context: zstd.ZSTD_createDCtx(),
    input: zstd.malloc(INPUT_BYTES),
    output: zstd.malloc(OUTPUT_BYTES),
    ranges: zstd.malloc(2 * RANGE_BYTES),
  };
  try {
    if (Object.values(places).includes(0)) throw new Error("zstd gets no memory");
    let wanted = 0;
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += INPUT_BYTES) {
        wanted = yield* decode(zstd, places, chunk.subarray(at, at + INPUT_BYTES));
      }
    }
    if (wanted !== 0) throw new Error("the zstd frame is cut off");
  } finally {
    zstd.ZSTD_freeDCtx(places.context);
    for (const place of [places.input, places.output, places.ranges]) zstd.free(place);
  }
}

const INPUT_BYTES = 131_072;
/** As long as the longest block, which then is copied before it leaves the processor's cache. */
const OUTPUT_BYTES = 131_072;
/** Address, size and position of a buffer, as zstd's own structures have them. */
const RANGE_BYTES = 12;
/** Failures are small negative numbers as sizes. See: zstd, `zstd_errors.h`, ZSTD_error_maxCode. */
const FIRST_FAILURE = 2 ** 32 - 120;

interface Places {
  readonly context: number;
  readonly input: number;
  readonly output: number;
  readonly ranges: number;
}

/** Decodes at most INPUT_BYTES. Returns how much more the frame needs: 0 at its end. */
function* decode(zstd: Zstd, places: Places, chunk: Buffer): Generator<Buffer, number, undefined> {
  const { context, input, output, ranges } = places;
  new Uint8Array(zstd.memory.buffer).set(chunk, input);
  let wanted = 0;
  for (let [read, full] = [0, false]; read < chunk.length || full; ) {
    new Uint32Array(zstd.memory.buffer, ranges, 6).set([
      ...[output, OUTPUT_BYTES, 0],
      ...[input, chunk.length, read],
    ]);
    wanted = zstd.ZSTD_decompressStream(context, ranges, ranges + RANGE_BYTES) >>> 0;
    if (wanted > FIRST_FAILURE) throw new Error("corrupt zstd data");
    // What it decodes may need more memory, and then all of it is elsewhere.
    const { buffer } = zstd.memory;
    const [, , written = 0, , , next = 0] = new Uint32Array(buffer, ranges, 6);
    read = next;
    // What did not fit waits inside, also when all input was taken.
    full = written === OUTPUT_BYTES;
    if (written > 0) yield Buffer.from(buffer, output, written);
  }
  return wanted;
}
