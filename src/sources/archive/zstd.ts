/**
 * zstd frames as the bytes they hold: by node where it can, else by our own decoder, which does not check checksums of
 * the content. See: RFC 8878.
 */
import { Duplex } from "node:stream";
import * as zlib from "node:zlib";
import { type Feed, feedOf, skipBytes } from "./feed.ts";
import {
  decodeZstdBlock,
  MAX_BLOCK_BYTES,
  startZstd,
  type ZstdOutput,
  type ZstdState,
} from "./zstd-block.ts";

/** A window of 128 MiB, what `pg_dump --compress=zstd:long` and `zstd --long` need. */
const MAX_WINDOW_LOG = 27;
const OUTPUT_BYTES = 262_144;
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/** A decompressing stream of node, which has one from 22.15 and 23.8 on. */
export function nodeZstd(): Duplex | undefined {
  if (!("createZstdDecompress" in zlib)) return;
  const create: unknown = zlib.createZstdDecompress;
  const constants: Readonly<Record<string, unknown>> = zlib.constants;
  const parameter = constants["ZSTD_d_windowLogMax"];
  if (typeof create !== "function" || typeof parameter !== "number") return;
  const stream: unknown = Reflect.apply(create, zlib, [
    { chunkSize: OUTPUT_BYTES, params: { [parameter]: MAX_WINDOW_LOG } },
  ]);
  return stream instanceof Duplex ? stream : undefined;
}

/** What the frames in a stream hold, without node's help. @throws Error if they are cut off or corrupt. */
export async function* readZstd(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  const feed = feedOf(iterator);
  try {
    while (!(await feed.ended())) {
      const magic = (await feed.take(4)).readUInt32LE();
      if (magic === MAGIC) yield* readFrame(feed, await readFrameHeader(feed));
      else if ((magic & 0xfffffff0) === SKIPPABLE) {
        await skipBytes(feed, (await feed.take(4)).readUInt32LE());
      } else throw new Error("no zstd frame where one should start");
    }
  } finally {
    await iterator.return?.();
  }
}

interface Frame {
  /** How far back matches reach. */
  readonly window: number;
  readonly checksum: boolean;
}

async function readFrameHeader(feed: Feed): Promise<Frame> {
  const flags = (await feed.take(1))[0] ?? 0;
  const single = (flags & 0x20) !== 0;
  if ((flags & 0x08) !== 0) throw new Error("a zstd frame of unknown version");
  const descriptor = single ? 0 : ((await feed.take(1))[0] ?? 0);
  const dictionary = await feed.take([0, 1, 2, 4][flags & 3] ?? 0);
  if (dictionary.some((byte) => byte !== 0))
    throw new Error("a zstd frame that needs a dictionary");
  const size = contentSize(await feed.take([single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0));
  const described = 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);
  const window = single ? size : described;
  if (window > 2 ** MAX_WINDOW_LOG) throw new Error("the zstd window is larger than 128 MiB");
  return { window, checksum: (flags & 0x04) !== 0 };
}

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE());
  return field.length === 0
    ? 0
    : field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}

async function* readFrame(feed: Feed, frame: Frame): AsyncGenerator<Buffer, void, undefined> {
  const state = startZstd();
  let output: ZstdOutput = { bytes: Buffer.allocUnsafe(OUTPUT_BYTES * 2), start: 0, end: 0 };
  let handed = 0;
  for (let last = false; !last; ) {
    if (output.end + MAX_BLOCK_BYTES > output.bytes.length) {
      if (output.end > handed) yield Buffer.from(output.bytes.subarray(handed, output.end));
      output = makeRoom(output, frame.window);
      handed = output.end;
    }
    const header = (await feed.take(3)).readUIntLE(0, 3);
    last = (header & 1) === 1;
    await readBlock({ feed, state, output }, (header >> 1) & 3, header >> 3);
    if (output.end - handed < OUTPUT_BYTES) continue;
    yield Buffer.from(output.bytes.subarray(handed, output.end));
    handed = output.end;
  }
  if (output.end > handed) yield Buffer.from(output.bytes.subarray(handed, output.end));
  if (frame.checksum) await feed.take(4);
}

/** Keeps what matches may reach. Memory grows with the content, not at once to what a header claims. */
function makeRoom(output: ZstdOutput, window: number): ZstdOutput {
  const kept = Math.min(window, output.end);
  const most = Math.ceil(window * 1.25) + OUTPUT_BYTES * 2;
  const size = Math.min(most, Math.max(output.bytes.length, (kept + MAX_BLOCK_BYTES) * 2));
  const from = output.end - kept;
  if (size === output.bytes.length) {
    output.bytes.copyWithin(0, from, output.end);
    return { bytes: output.bytes, start: 0, end: kept };
  }
  const bytes = Buffer.allocUnsafe(size);
  output.bytes.copy(bytes, 0, from, output.end);
  return { bytes, start: 0, end: kept };
}

interface BlockPlace {
  readonly feed: Feed;
  readonly state: ZstdState;
  readonly output: ZstdOutput;
}

async function readBlock(
  { feed, state, output }: BlockPlace,
  type: number,
  size: number,
): Promise<void> {
  if (size > MAX_BLOCK_BYTES) throw new Error("a zstd block is too long");
  switch (type) {
    case 0:
      output.end += (await feed.take(size)).copy(output.bytes, output.end);
      return;
    case 1:
      output.bytes.fill((await feed.take(1))[0] ?? 0, output.end, output.end + size);
      output.end += size;
      return;
    case 2:
      decodeZstdBlock(state, await feed.take(size), output);
      return;
    default:
      throw new Error("a zstd block of unknown type");
  }
}
