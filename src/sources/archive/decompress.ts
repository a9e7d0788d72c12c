/**
 * Compressed streams of a dump as the bytes they hold. What node does not decode beside the calling thread itself is decoded in a
 * thread of its own, unless it is short.
 */
import { gunzipSync, inflateSync } from "node:zlib";
import { ExpectedError } from "../../errors.ts";
import type { Damage } from "../copy-text.ts";
import { decodeInThread, hasThreads, prepareThread } from "./decode-thread.ts";
import { decodeStream, decodesHere, type Encoded } from "./decoders.ts";

export type Algorithm = "none" | Encoded;

/** What `decompress` needs. */
export interface Compressed {
  readonly algorithm: Algorithm;
  /** A chunk is valid until the next one is asked for, if `takesLent`; else it is nobody else's. */
  readonly bytes: AsyncIterable<Buffer>;
  /** Makes the failure for bytes that are cut off or corrupt. */
  readonly damage: Damage;
  /** True if the caller is done with a chunk when it asks for the next one, so that its memory may be used again. */
  readonly lent: boolean;
}

/** Compressed bytes from which on a thread is worth starting. */
const THREAD_FROM_BYTES = 2 ** 20;

/** True if the memory of a compressed chunk may be used again when the next one is asked for. */
export function takesLent(algorithm: Algorithm): boolean {
  return algorithm === "none" || decodesHere(algorithm);
}

/** Compressed bytes of a table from which on a thread is worth starting before anyone asks for them. */
const PREPARE_FROM_BYTES = 8 * THREAD_FROM_BYTES;

/** Gets ready to decompress this many bytes soon, where that takes a thread. Never fails. */
export function prepareToDecompress(algorithm: Algorithm, bytes: number): void {
  if (algorithm === "none" || bytes < PREPARE_FROM_BYTES) return;
  if (decodesHere(algorithm) && hasThreads()) prepareThread(algorithm);
}

/**
 * What the compressed bytes hold, in bounded memory.
 *
 * @throws what `damage` makes, if they are cut off or corrupt; what reading them throws.
 */
export function decompress(request: Compressed): AsyncIterable<Buffer> {
  const { algorithm, bytes } = request;
  return algorithm === "none" ? bytes : decode({ ...request, algorithm });
}

async function* decode({
  algorithm,
  bytes,
  damage,
  lent,
}: Compressed & { readonly algorithm: Encoded }): AsyncGenerator<Buffer, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]();
  try {
    const { first, more } = await readFirst(iterator, takesLent(algorithm));
    if (!more && isShort(algorithm, first)) {
      yield* explain(decodeShort(algorithm, first), damage);
      return;
    }
    const all = continued(first, iterator);
    if (more && decodesHere(algorithm) && hasThreads()) {
      yield* decodeInThread({ algorithm, bytes: all, lent, damage });
      return;
    }
    for await (const chunk of explain(decodeStream(algorithm, all), damage)) {
      yield lent ? chunk : Buffer.from(chunk);
    }
  } finally {
    await iterator.return?.();
  }
}

/** Up to here, a stream costs more than its contents: dumps hold many small tables. Deflate makes at most 1,032 bytes of one. */
const SHORT_BYTES = 8_192;

function isShort(algorithm: Encoded, chunks: readonly Buffer[]): boolean {
  if (algorithm !== "zlib" && algorithm !== "gzip") return false;
  return chunks.reduce((sum, { length }) => sum + length, 0) <= SHORT_BYTES;
}

async function* decodeShort(
  algorithm: Encoded,
  chunks: readonly Buffer[],
): AsyncGenerator<Buffer, void, undefined> {
  const decoded = (algorithm === "gzip" ? gunzipSync : inflateSync)(Buffer.concat(chunks));
  if (decoded.length > 0) yield decoded;
}

interface First {
  readonly first: Buffer[];
  /** False if that is all. */
  readonly more: boolean;
}

async function readFirst(iterator: AsyncIterator<Buffer, unknown>, lent: boolean): Promise<First> {
  const first: Buffer[] = [];
  for (let length = 0; length < THREAD_FROM_BYTES; ) {
    const { done, value } = await iterator.next();
    if (done || !Buffer.isBuffer(value)) return { first, more: false };
    first.push(lent ? Buffer.from(value) : value);
    length += value.length;
  }
  return { first, more: true };
}

/** The chunks taken already and those after them. */
async function* continued(
  first: Buffer[],
  iterator: AsyncIterator<Buffer, unknown>,
): AsyncGenerator<Buffer, void, undefined> {
  for (let chunk = first.shift(); chunk; chunk = first.shift()) yield chunk;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done || !Buffer.isBuffer(value)) return;
    yield value;
  }
}

/** How a whole file is compressed, by its first bytes. */
export function recogniseCompression(bytes: Buffer): Algorithm {
  const starts = (hex: string): boolean =>
    bytes.subarray(0, hex.length / 2).equals(Buffer.from(hex, "hex"));
  if (starts("1f8b")) return "gzip";
  if (starts("04224d18")) return "lz4";
  return starts("28b52ffd") ? "zstd" : "none";
}

/** Whatever a decoder throws means that its input is corrupt; failures of reading pass. */
async function* explain(
  decoded: AsyncIterable<Buffer>,
  damage: Damage,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* decoded;
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw damage(error instanceof Error ? error.message : String(error));
  }
}
