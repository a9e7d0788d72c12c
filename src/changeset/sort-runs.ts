/**
 * Sorted runs of entries in files: written once, read once. Knows nothing of what is sorted.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { fileFailure } from "./file-failure.ts";
import { type Entries, type Entry, entryAt } from "./sort-entries.ts";

const BLOCK = 262_144;

/** Entries one after the other, each fetch a block at most. */
export interface Run {
  /** The next entry of what is in memory, valid until `more`; undefined at its end. */
  readonly take: () => Entry | undefined;
  /** Brings more into memory. False at the end of the run. */
  readonly more: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/**
 * Writes the entries in their order into a file at once, each with the lengths of key and line before it.
 *
 * @throws ExpectedError `file_system`.
 */
export function writeRun(path: string, held: Entries): void {
  try {
    const file = openSync(path, "w");
    try {
      for (const block of runBlocks(held)) writeAll(file, block);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileFailure(path, "writing", error);
  }
}

function writeAll(file: number, block: Buffer): void {
  for (let at = 0; at < block.length; ) at += writeSync(file, block, at);
}

/** Each block is valid until the next one is asked for. */
function* runBlocks(held: Entries): Generator<Buffer> {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let end = 0;
  for (const index of held.sorted()) {
    const { buffer, start, middle, end: last } = held.entry(index);
    const size = HEADER + last - start;
    if (end + size > block.length) {
      if (end > 0) yield block.subarray(0, end);
      end = 0;
      if (size > block.length) block = Buffer.allocUnsafeSlow(size);
    }
    end = block.writeUInt32LE(middle - start, end);
    end = block.writeUInt32LE(last - middle, end);
    end += buffer.copy(block, end, start, last);
  }
  if (end > 0) yield block.subarray(0, end);
}

const HEADER = 8;

/** Of each run while so many are read: together not much more than half the budget. */
export function blockBytesOf(budget: number, runs: number): number {
  return Math.min(BLOCK, Math.max(BLOCK / 32, Math.floor(budget / 2 / Math.max(1, runs))));
}

/** Reads what `writeRun` wrote. Memory: a block, or an entry that is larger. */
export function readRun(path: string, blockBytes: number): Run {
  let file: FileHandle | undefined;
  let block = Buffer.allocUnsafeSlow(0);
  /** What has been read of the block, and what of that has been taken. */
  let end = 0;
  let at = 0;
  return {
    take() {
      if (at + HEADER > end) return undefined;
      const start = at + HEADER;
      const middle = start + block.readUInt32LE(at);
      const last = middle + block.readUInt32LE(at + 4);
      if (last > end) return undefined;
      at = last;
      return entryAt(block, start, middle, last);
    },
    async more() {
      file ??= await open(path);
      const needed = Math.max(blockBytes, end - at < HEADER ? 0 : sizeOf(block, at));
      block = withRoom(block.subarray(at, end), block, needed);
      end -= at;
      at = 0;
      const before = end;
      while (end < needed) {
        const { bytesRead } = await file.read(block, end, needed - end);
        if (bytesRead === 0) break;
        end += bytesRead;
      }
      if (end === before && end > 0) throw new Error(`the run ${path} ends within an entry`);
      return end > 0;
    },
    async close() {
      await file?.close();
    },
  };
}

/** `rest` at the front of `block`, or of a larger one. */
function withRoom(rest: Buffer, block: Buffer<ArrayBuffer>, needed: number): Buffer<ArrayBuffer> {
  const target = block.length < needed ? Buffer.allocUnsafeSlow(needed) : block;
  rest.copy(target);
  return target;
}

/** The bytes of the entry at `at`. */
function sizeOf(block: Buffer, at: number): number {
  return HEADER + block.readUInt32LE(at) + block.readUInt32LE(at + 4);
}
