/**
 * Compressed streams as the bytes they hold, with bounded memory.
 */
import { type Duplex, pipeline } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import type { Damage } from "../copy-text.ts";

/** `zlib` is how custom archives hold what they call gzip. */
export type Algorithm = "none" | "zlib" | "gzip";

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
  }
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
    throw damage(error instanceof Error ? error.message : String(error));
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
