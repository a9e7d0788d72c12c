/**
 * Files of lines: written in large blocks, read in blocks of whole lines. Knows no changes.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import { fileFailure, reading } from "./file-failure.ts";

const BLOCK = 256 * 1024;
/** Read at a time: fetching less waits more than it reads. */
const READ = 512 * 1024;
/** Made into text at a time: what is made of more would outlive the collector's nursery. */
const MADE = 64 * 1024;
const LF = 10;

/** A file that is being written. */
export interface LineFile {
  readonly add: (line: Buffer) => void;
  /** Writes once there is a large block. */
  readonly flush: () => Promise<void> | undefined;
  /** Writes what there is. */
  readonly finish: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes a file that was not there. Puts lines together, so that few large blocks are written. @throws ExpectedError `file_system` */
export async function lineFile(path: string): Promise<LineFile> {
  const file = await openNew(path);
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let end = 0;
  const write = async (): Promise<void> => {
    try {
      for (let at = 0; at < end; ) at += (await file.write(block, at, end - at)).bytesWritten;
    } catch (error) {
      throw fileFailure(path, "writing", error);
    }
    end = 0;
    if (block.length > 4 * BLOCK) block = Buffer.allocUnsafeSlow(BLOCK);
  };
  return {
    add(line) {
      const needed = end + line.length + 1;
      if (needed > block.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, block.length * 2));
        block.copy(larger, 0, 0, end);
        block = larger;
      }
      end += line.copy(block, end);
      block[end] = LF;
      end += 1;
    },
    flush: () => (end > BLOCK ? write() : undefined),
    finish: write,
    close: () => file.close(),
  };
}

function openNew(path: string): Promise<FileHandle> {
  return open(path, "wx").catch((error: unknown) => {
    throw fileFailure(path, "making", error);
  });
}

/** Gives the file another name. @throws ExpectedError `file_system` */
export function moveTo(from: string, path: string): Promise<void> {
  return rename(from, path).catch((error: unknown) => {
    throw fileFailure(path, "making", error);
  });
}

/** The lines of a file, each valid until the next batch is asked for. */
export async function* linesIn(path: string): AsyncGenerator<readonly Buffer[]> {
  for await (const block of readBlocks(path)) {
    const lines: Buffer[] = [];
    for (let start = 0; start < block.length; ) {
      const end = block.indexOf(LF, start);
      lines.push(block.subarray(start, end));
      start = end + 1;
    }
    yield lines;
  }
}

/** Lines in batches as text; LF is the only line end that the spool knows. */
export async function* textIn(path: string): AsyncGenerator<readonly string[]> {
  for await (const block of readBlocks(path)) yield* linesOf(block);
}

/** Whole lines, each block valid until the next one is asked for. */
async function* readBlocks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path).catch(reading(path));
  try {
    let block = Buffer.allocUnsafeSlow(READ);
    for (let position = 0; ; ) {
      const { bytesRead } = await file.read(block, 0, block.length, position).catch(reading(path));
      const end = block.subarray(0, bytesRead).lastIndexOf(LF) + 1;
      if (end > 0) {
        position += end;
        yield block.subarray(0, end);
        if (block.length > READ) block = Buffer.allocUnsafeSlow(READ);
      } else if (bytesRead < block.length) {
        if (bytesRead > 0) throw new Error(`the spool file ${path} ends within a line`);
        return;
      } else {
        // A line that is longer than the block.
        block = Buffer.allocUnsafeSlow(block.length * 2);
      }
    }
  } finally {
    await file.close();
  }
}

/** The lines of a block, so many at a time as `MADE` says. */
function* linesOf(block: Buffer): Generator<readonly string[]> {
  for (let start = 0; start < block.length; ) {
    const last = block.lastIndexOf(LF, Math.min(start + MADE, block.length) - 1);
    const stop = last >= start ? last : block.indexOf(LF, start);
    yield block.toString("utf8", start, stop).split("\n");
    start = stop + 1;
  }
}
