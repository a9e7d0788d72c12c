/**
 * Compressed streams as the bytes they hold, with bounded memory, on the thread where it is called. Knows no dump and no failures of it.
 */
import { type Duplex, pipeline } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import { createGunzip, createInflate } from "node:zlib";
import { readLz4 } from "./lz4.ts";
import { hasNodeZstd, nodeZstd, prepareZstd, readZstd } from "./zstd.ts";
import { splitFrames } from "./zstd-frames.ts";

/** `zlib` is how custom archives hold what they call gzip. */
export type Encoded = "zlib" | "gzip" | "lz4" | "zstd";

const OUTPUT_BYTES = 262_144;
/** As objects, pieces are not put together in memory of their own. */
const OUTPUT = {
  chunkSize: OUTPUT_BYTES,
  readableObjectMode: true,
  readableHighWaterMark: 2,
} as const;

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
      return through(bytes, createInflate(OUTPUT));
    case "gzip":
      return through(bytes, createGunzip(OUTPUT));
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
  for await (const chunk of stream) {
    yield chunk;
    free(chunk);
  }
}

/** What is sent to a closed port is gone. */
const nowhere = new MessageChannel().port1;
nowhere.close();

/**
 * Frees the memory of a chunk at once if it is the last one that lies there: left to the garbage collector, it makes it run for
 * every 20 MB, which takes longer than decoding them.
 */
function free({ buffer, byteOffset, length }: Buffer): void {
  const isLast = buffer.byteLength === OUTPUT_BYTES && byteOffset + length === OUTPUT_BYTES;
  if (isLast && buffer instanceof ArrayBuffer) nowhere.postMessage(undefined, [buffer]);
}
