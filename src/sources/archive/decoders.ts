/**
 * Compressed streams as the bytes they hold, with bounded memory, on the thread where it is called. Knows no dump and no failures of it.
 */
import { type Duplex, pipeline } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { readLz4 } from "./lz4.ts";
import { hasNodeZstd, nodeZstd, prepareZstd, readZstd } from "./zstd.ts";
import { splitFrames } from "./zstd-frames.ts";

/** `zlib` is how custom archives hold what they call gzip. */
export type Encoded = "zlib" | "gzip" | "lz4" | "zstd";

const OUTPUT_BYTES = 262_144;

/**
 * What the compressed bytes hold. A chunk is valid until the next one is asked for.
 *
 * @throws Error if they are cut off or corrupt; what reading them throws.
 */
export function decodeStream(
  algorithm: Encoded,
  bytes: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> {
  switch (algorithm) {
    case "zlib":
      return through(bytes, createInflate({ chunkSize: OUTPUT_BYTES }));
    case "gzip":
      return through(bytes, createGunzip({ chunkSize: OUTPUT_BYTES }));
    case "lz4":
      return readLz4(bytes);
    case "zstd": {
      const stream = nodeZstd();
      return stream ? through(splitFrames(bytes), stream) : readZstd(bytes);
    }
  }
}

/** Begins to load what decoding on this thread needs. */
export function prepareDecoder(algorithm: Encoded): void {
  if (algorithm === "zstd" && !hasNodeZstd()) prepareZstd();
}

/** True if decoding takes the time of the calling thread. */
export function decodesHere(algorithm: Encoded): boolean {
  return algorithm === "lz4" || (algorithm === "zstd" && !hasNodeZstd());
}

/** Runs bytes through a stream of node, which decodes beside the calling thread; both ends close when the consumer stops early. */
async function* through(
  bytes: AsyncIterable<Buffer>,
  stream: Duplex,
): AsyncGenerator<Buffer, void, undefined> {
  // The callback form needs a callback; failures come out of the loop below.
  pipeline(bytes, stream, () => undefined);
  for await (const chunk of stream) yield chunk;
}
