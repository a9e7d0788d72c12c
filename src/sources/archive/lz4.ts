/**
 * LZ4 frames as the bytes they hold, one block at a time. See: LZ4 Frame Format Description, LZ4 Block Format.
 */
import { type Feed, feedOf, skipBytes } from "./feed.ts";
import { type XxHash32, xxHash32, xxHash32Of } from "./xxhash.ts";

/** Blocks refer to this many bytes before them. */
const HISTORY_BYTES = 65_536;
const MAGIC = 0x184d2204;
const SKIPPABLE = 0x184d2a50;

interface Frame {
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly maxBlock: number;
  /** Of all content; absent if the frame has none. */
  readonly checksum: XxHash32 | undefined;
}

/** What the frames in a stream hold, one after the other. A chunk is valid until the next one is asked for. @throws Error if they are cut off or corrupt. */
export async function* readLz4(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  const feed = feedOf(iterator);
  try {
    while (!(await feed.ended())) {
      const magic = (await feed.take(4)).readUInt32LE();
      if (magic === MAGIC) yield* readFrame(feed, await readFrameHeader(feed));
      else if ((magic & 0xfffffff0) === SKIPPABLE)
        await skipBytes(feed, (await feed.take(4)).readUInt32LE());
      else throw new Error("no LZ4 frame where one should start");
    }
  } finally {
    await iterator.return?.();
  }
}

async function readFrameHeader(feed: Feed): Promise<Frame> {
  const start = await feed.take(2);
  const [flags = 0, descriptor = 0] = start;
  const rest = await feed.take((flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0));
  const [check] = await feed.take(1);
  const computed = (xxHash32Of(Buffer.concat([start, rest])) >>> 8) & 0xff;
  if (check !== computed) throw new Error("the checksum of an LZ4 frame header is wrong");
  const size = (descriptor >> 4) & 7;
  if (flags >> 6 !== 1 || size < 4) throw new Error("an LZ4 frame of unknown version");
  if (flags & 0x01) throw new Error("an LZ4 frame that needs a dictionary");
  return {
    linked: (flags & 0x20) === 0,
    blockChecksums: (flags & 0x10) !== 0,
    maxBlock: 4 ** size * 256,
    checksum: flags & 0x04 ? xxHash32() : undefined,
  };
}

async function* readFrame(feed: Feed, frame: Frame): AsyncGenerator<Buffer, void, undefined> {
  // History and content lie behind each other, so that a match is a copy within one buffer.
  const out = Buffer.allocUnsafeSlow(HISTORY_BYTES + frame.maxBlock);
  let start = 0;
  for (;;) {
    const size = (await feed.take(4)).readUInt32LE();
    if (size === 0) break;
    const length = size & 0x7fffffff;
    if (length > frame.maxBlock) throw new Error("an LZ4 block is longer than its frame allows");
    const block = await feed.take(length);
    if (frame.blockChecksums && (await feed.take(4)).readUInt32LE() !== xxHash32Of(block)) {
      throw new Error("the checksum of an LZ4 block is wrong");
    }
    const room = out.subarray(0, start + frame.maxBlock);
    const stored = size >>> 31 === 1;
    const end = stored ? start + block.copy(room, start) : decodeBlock(block, room, start);
    const content = room.subarray(start, end);
    frame.checksum?.update(content);
    if (content.length > 0) yield content;
    if (!frame.linked) continue;
    out.copyWithin(0, Math.max(0, end - HISTORY_BYTES), end);
    start = Math.min(end, HISTORY_BYTES);
  }
  if (!frame.checksum) return;
  if ((await feed.take(4)).readUInt32LE() !== frame.checksum.digest()) {
    throw new Error("the checksum of the LZ4 content is wrong");
  }
}

/** Writes the block's content into `out` from `start` on and returns where it ends. */
function decodeBlock(block: Buffer, out: Buffer, start: number): number {
  let at = 0;
  let end = start;
  for (;;) {
    const token = block[at] ?? corrupt();
    at += 1;
    let literals = token >> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; at += 1) {
        more = block[at] ?? corrupt();
        literals += more;
      }
    }
    if (at + literals > block.length || end + literals > out.length) corrupt();
    end += copyBytes(block, at, out, end, literals);
    at += literals;
    if (at === block.length) return end;
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? corrupt()) << 8);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      for (let more = 255; more === 255; at += 1) {
        more = block[at] ?? corrupt();
        length += more;
      }
    }
    if (offset === 0 || offset > end || end + length > out.length) corrupt();
    end += copyMatch(out, end, offset, length);
  }
}

/** Short runs are the rule, and a call into native code costs more than they do. */
function copyBytes(from: Buffer, at: number, to: Buffer, start: number, length: number): number {
  if (length > 32) return from.copy(to, start, at, at + length);
  for (let index = 0; index < length; index += 1) to[start + index] = from[at + index] ?? 0;
  return length;
}

/** A match may run into the bytes that it makes. */
function copyMatch(out: Buffer, end: number, offset: number, length: number): number {
  const from = end - offset;
  if (offset >= length && length > 32) out.copyWithin(end, from, from + length);
  else for (let index = 0; index < length; index += 1) out[end + index] = out[from + index] ?? 0;
  return length;
}

function corrupt(): never {
  throw new Error("a corrupt LZ4 block");
}
