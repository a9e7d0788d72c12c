/**
 * The data blocks of a custom archive: where each one starts, and what it holds. Positions that the table of
 * contents gives are not needed: blocks are found by walking over them, which also shows whether all are there.
 */
import { type Bytes, Window } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";

/** How numbers are written. */
export interface BlockFormat {
  readonly intSize: number;
  /** Makes the failure for something wrong at a position. */
  readonly damage: (position: number) => Damage;
}

/** One block. */
export interface Block {
  readonly entry: number;
  /** Position of its first chunk. */
  readonly start: number;
  /** Position after its last one. */
  readonly end: number;
  /** Large objects in it; 0 for rows. */
  readonly largeObjects: number;
}

const TYPE_DATA = 1;
const TYPE_LARGE_OBJECTS = 3;
const MAX_CHUNK_BYTES = 2 ** 30;

/**
 * Walks over all blocks from `start` to the end of the file, or to the second table of contents that pg_dump 16 and
 * later append when their output is redirected.
 */
export async function walkBlocks(
  window: Window,
  start: number,
  format: BlockFormat,
): Promise<readonly Block[]> {
  const blocks: Block[] = [];
  const walk = { window, format, at: start };
  while (await window.hold(walk.at, 1)) {
    const position = walk.at;
    const type = window.bytes[position - window.base];
    // A second table of contents starts with the sign of its count.
    if (type === 0) break;
    if (type !== TYPE_DATA && type !== TYPE_LARGE_OBJECTS) {
      throw format.damage(position)(`a block of unknown type ${type} starts here`);
    }
    walk.at += 1;
    const entry = await walkInt(walk);
    const first = walk.at;
    const largeObjects = type === TYPE_DATA ? 0 : await walkLargeObjects(walk);
    if (type === TYPE_DATA) await walkChunks(walk);
    blocks.push({ entry, start: first, end: walk.at, largeObjects });
  }
  return blocks;
}

interface Walk {
  readonly window: Window;
  readonly format: BlockFormat;
  at: number;
}

async function walkInt(walk: Walk): Promise<number> {
  const { window, format } = walk;
  const width = format.intSize + 1;
  if (!(await window.hold(walk.at, width))) {
    throw format.damage(walk.at)("the file ends within a block");
  }
  const value = intAt(window.bytes, walk.at - window.base, format.intSize);
  walk.at += width;
  return value;
}

function intAt(bytes: Buffer, index: number, size: number): number {
  let magnitude = 0;
  // Uncompressed archives have such a number before every row.
  for (let at = index + size; at > index; at -= 1) magnitude = magnitude * 256 + (bytes[at] ?? 0);
  return bytes[index] === 0 ? magnitude : 0 - magnitude;
}

async function walkLargeObjects(walk: Walk): Promise<number> {
  for (let count = 0; ; count += 1) {
    if ((await walkInt(walk)) === 0) return count;
    await walkChunks(walk);
  }
}

async function walkChunks(walk: Walk): Promise<void> {
  const { window, format } = walk;
  const width = format.intSize + 1;
  for (;;) {
    // Without awaiting as long as the window lasts: chunks of a gzip archive have 4 KB, those of others are rows.
    const limit = window.base + window.bytes.length - width;
    while (walk.at <= limit) {
      const length = chunkLength(walk);
      walk.at += width + length;
      if (length === 0) return;
    }
    if (!(await window.hold(walk.at, width))) {
      throw format.damage(walk.at)("the file ends within a block");
    }
  }
}

function chunkLength({ window, format, at }: Walk): number {
  const length = intAt(window.bytes, at - window.base, format.intSize);
  if (length < 0 || length > MAX_CHUNK_BYTES) {
    throw format.damage(at)(`a chunk claims a length of ${length}`);
  }
  return length;
}

/**
 * The bytes of a block, as they are in the file: compressed if the archive is. Chunks are the
 * caller's own, or `lent` until the next one is asked for.
 */
export async function* blockBytes(
  source: Bytes,
  { start, end }: Pick<Block, "start" | "end">,
  format: BlockFormat & { readonly lent: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  // Small blocks are read at once, and nothing of the next one.
  await using window = new Window(source, start, end);
  const width = format.intSize + 1;
  let left = 0;
  let out: Buffer = Buffer.alloc(0);
  for (let at = start; ; ) {
    const limit = window.base + window.bytes.length;
    // Chunks are small, so what is in memory of them becomes one piece.
    if (!format.lent || out.length < limit - at) out = Buffer.allocUnsafe(limit - at);
    let length = 0;
    let ended = false;
    while (!ended && (left > 0 ? at < limit : at + width <= limit)) {
      if (left === 0) {
        left = chunkLength({ window, format, at });
        at += width;
        ended = left === 0;
      } else {
        const taken = Math.min(left, limit - at);
        window.bytes.copy(out, length, at - window.base, at - window.base + taken);
        at += taken;
        left -= taken;
        length += taken;
      }
    }
    if (length > 0) yield out.subarray(0, length);
    if (ended) return;
    if (window.final) throw format.damage(at)("the file ends within a block");
    await window.refill(at);
  }
}
