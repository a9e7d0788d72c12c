/**
 * Compressed streams as the bytes they hold, with bounded memory.
 */
import { type Duplex, pipeline } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { ExpectedError } from "../../errors.ts";
import type { Damage } from "../copy-text.ts";
import { readLz4 } from "./lz4.ts";
import { nodeZstd, readZstd } from "./zstd.ts";

/** `zlib` is how custom archives hold what they call gzip. */
export type Algorithm = "none" | "zlib" | "gzip" | "lz4" | "zstd";

const OUTPUT_BYTES = 262_144;

/**
 * What the compressed bytes hold.
 *
 * @throws what `damage` makes, if they are cut off or corrupt; what reading them throws.
 */
export function decompress(
  algorithm: Algorithm,
  bytes: AsyncIterable<Buffer>,
  damage: Damage,
): AsyncIterable<Buffer> {
  switch (algorithm) {
    case "none":
      return bytes;
    case "zlib":
      return through(bytes, createInflate({ chunkSize: OUTPUT_BYTES }), damage);
    case "gzip":
      return through(bytes, createGunzip({ chunkSize: OUTPUT_BYTES }), damage);
    case "lz4":
      return explain(readLz4(bytes), damage);
    case "zstd": {
      const stream = nodeZstd();
      return stream ? through(bytes, stream, damage) : explain(readZstd(bytes), damage);
    }
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

/** Runs bytes through a stream of node; both ends close when the consumer stops early. */
async function* through(
  bytes: AsyncIterable<Buffer>,
  stream: Duplex,
  damage: Damage,
): AsyncGenerator<Buffer, void, undefined> {
  const read = { failure: undefined as unknown };
  // The callback form needs a callback; failures come out of the loop below.
  pipeline(remember(bytes, read), stream, () => undefined);
  try {
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    if (read.failure !== undefined) throw read.failure;
    throw damage(reasonOf(error));
  }
}

/** Keeps the failure of reading apart from that of decompressing. */
async function* remember(
  bytes: AsyncIterable<Buffer>,
  read: { failure: unknown },
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    read.failure = error;
    throw error;
  }
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
    throw damage(reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
