/**
 * Sorted runs of entries in files: lines in one, their keys in another, so that a run that is the only one is the sorted file already.
 * Written once, read once. Knows nothing of what is sorted.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { fileFailure } from "./file-failure.ts";
import { type FileWindow, fileWindow } from "./file-window.ts";
import { type Entries, type Entry, entryOf } from "./sort-entries.ts";

const BLOCK = 262_144;
const LF = 10;
/** Before each key: its length, and that of its line. */
const HEADER = 8;

/** A run on disk. Its lines, each with its end, are the file at `path`. */
export interface StoredRun {
  readonly path: string;
  /** The greatest key. */
  last: Buffer;
}

/** Entries one after the other, each fetch a block at most. */
export interface Run {
  /** The next entry of what is in memory, valid until `more`; undefined at its end. */
  readonly take: () => Entry | undefined;
  /** Brings more into memory. False at the end of the run. */
  readonly more: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** No entries yet, and no file. */
export function storedRun(path: string): StoredRun {
  return { path, last: Buffer.alloc(0) };
}

/** Whether these entries, in this order, may follow those of the run. */
export function mayFollow({ last }: StoredRun, held: Entries, order: Uint32Array): boolean {
  const { key, start, middle } = held.entry(order[0] ?? 0);
  return key.compare(last, 0, last.length, start, middle) >= 0;
}

/**
 * Writes the entries in their order behind those of the run, at once.
 *
 * @throws ExpectedError `file_system`.
 */
export function appendEntries(run: StoredRun, held: Entries, order: Uint32Array): void {
  const files: BlockFile[] = [];
  try {
    const lines = blockFile(run.path);
    files.push(lines);
    const keys = blockFile(keysPath(run.path));
    files.push(keys);
    for (const index of order) {
      const { key, start, middle, line, from, end } = held.entry(index);
      keys.room(HEADER + middle - start);
      keys.number(middle - start);
      keys.number(end - from);
      keys.put(key, start, middle);
      lines.room(end - from + 1);
      lines.put(line, from, end);
      lines.byte(LF);
    }
    for (const file of files) file.flush();
    const { key, start, middle } = held.entry(order[order.length - 1] ?? 0);
    run.last = Buffer.from(key.subarray(start, middle));
  } catch (error) {
    throw fileFailure(run.path, "writing", error);
  } finally {
    for (const file of files) file.close();
  }
}

/** The run is not to be read as a run any more, its lines are. */
export function forgetKeys({ path }: StoredRun): void {
  rmSync(keysPath(path), { force: true });
}

function keysPath(path: string): string {
  return `${path}.keys`;
}

interface BlockFile {
  /** Makes room for so many bytes, writing what there is. */
  readonly room: (bytes: number) => void;
  readonly put: (bytes: Buffer, start: number, end: number) => void;
  readonly number: (value: number) => void;
  readonly byte: (value: number) => void;
  readonly flush: () => void;
  readonly close: () => void;
}

function blockFile(path: string): BlockFile {
  const file = openSync(path, "a");
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let filled = 0;
  const flush = (): void => {
    for (let at = 0; at < filled; ) at += writeSync(file, block, at, filled - at);
    filled = 0;
  };
  return {
    room(bytes) {
      if (filled + bytes <= block.length) return;
      flush();
      if (bytes > block.length || block.length > BLOCK)
        block = Buffer.allocUnsafeSlow(Math.max(bytes, BLOCK));
    },
    put(bytes, start, end) {
      filled += bytes.copy(block, filled, start, end);
    },
    number(value) {
      filled = block.writeUInt32LE(value, filled);
    },
    byte(value) {
      filled = block.writeUInt8(value, filled);
    },
    flush,
    close: () => closeSync(file),
  };
}

/** Of each run while so many are read: together not much more than half the budget. */
export function blockBytesOf(budget: number, runs: number): number {
  return Math.min(BLOCK, Math.max(BLOCK / 32, Math.floor(budget / 2 / Math.max(1, runs))));
}

/** Reads what `appendEntries` wrote. Memory: a block for lines and a quarter of one for keys, or what is larger. */
export function readRun({ path }: StoredRun, blockBytes: number): Run {
  const keys = fileWindow(keysPath(path), Math.ceil(blockBytes / 4));
  const lines = fileWindow(path, blockBytes);
  return {
    take() {
      if (keys.bytes() < HEADER) return undefined;
      const { keyBytes, lineBytes } = lengths(keys);
      if (keys.bytes() < HEADER + keyBytes || lines.bytes() < lineBytes + 1) return undefined;
      const key = keys.take(HEADER + keyBytes) + HEADER;
      const line = lines.take(lineBytes + 1);
      return entryOf(
        { key: keys.block(), start: key, middle: key + keyBytes },
        { line: lines.block(), from: line, end: line + lineBytes },
      );
    },
    async more() {
      if (!(await keys.fill(HEADER))) return false;
      const { keyBytes, lineBytes } = lengths(keys);
      const isWhole = (await keys.fill(HEADER + keyBytes)) && (await lines.fill(lineBytes + 1));
      if (!isWhole) throw new Error(`the run ${path} ends within an entry`);
      return true;
    },
    async close() {
      await Promise.all([keys.close(), lines.close()]);
    },
  };
}

function lengths(keys: FileWindow): { readonly keyBytes: number; readonly lineBytes: number } {
  const [block, at] = [keys.block(), keys.position()];
  return { keyBytes: block.readUInt32LE(at), lineBytes: block.readUInt32LE(at + 4) };
}
