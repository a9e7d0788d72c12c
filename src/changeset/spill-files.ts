/**
 * Temporary files for lines that exceed memory. Knows chunks and partitions, not what they hold.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { SpillStore } from "../compare/spill.ts";
import { releaseLarge } from "../sources/large-memory.ts";
import { fileFailure } from "./file-failure.ts";

/** Where a chunk lies in the file. */
interface Extent {
  readonly position: number;
  readonly length: number;
}

/**
 * Makes stores that keep their chunks in one file each, in `directory`, which must exist and is removed by who made it. A file is
 * made with the first write, readable by its owner only, and goes with its store, or with the process where the system allows it.
 *
 * Stores throw ExpectedError `file_system`. Chunks are written and read at once, without the threads of the pool: they mostly come from
 * the system's cache, where a promise costs more than the copy. Memory: two numbers for a chunk, one chunk for a partition being read.
 */
export function spillFiles(directory: string, prefix: string): () => SpillStore {
  let count = 0;
  return () => {
    count += 1;
    return spillFile(join(directory, `${prefix}.spill${count}`));
  };
}

function spillFile(path: string): SpillStore {
  const extents = new Map<number, Extent[]>();
  let file: number | undefined;
  let size = 0;
  return {
    write(partition, chunk) {
      file ??= openNameless(path);
      writeAll(path, file, { chunk, position: size });
      const extent = { position: size, length: chunk.length };
      const known = extents.get(partition);
      if (known) known.push(extent);
      else extents.set(partition, [extent]);
      size += chunk.length;
    },
    async *read(partition) {
      let buffer = Buffer.alloc(0);
      let since = Number.POSITIVE_INFINITY;
      for (const { position, length } of extents.get(partition) ?? []) {
        if (buffer.length < length || buffer.length > 4 * Math.max(length, KEPT)) {
          releaseLarge(buffer);
          buffer = Buffer.allocUnsafeSlow(length);
        }
        if (since >= TURN) {
          // Nothing else waits in here: interrupts and progress get their turn.
          await setImmediate();
          since = 0;
        }
        since += length;
        if (file === undefined) throw new Error(`${path} is read after it was closed`);
        readAll(path, file, { chunk: buffer.subarray(0, length), position });
        yield buffer.subarray(0, length);
      }
      releaseLarge(buffer);
    },
    async [Symbol.asyncDispose]() {
      if (file !== undefined) closeSync(file);
      file = undefined;
      extents.clear();
      await rm(path, { force: true });
    },
  };
}

/** Opens a new file and takes its name away, so that production's rows do not stay on disk if the process is killed. */
function openNameless(path: string): number {
  try {
    const file = openSync(path, "wx+", 0o600);
    try {
      rmSync(path, { force: true });
    } catch {
      // Windows keeps the name of an open file; disposing removes it there.
    }
    return file;
  } catch (error) {
    throw fileFailure(path, "making", error);
  }
}

/** Memory for chunks of this length is kept for the next one. */
const KEPT = 262_144;

/** Bytes that are read between turns of others: what is made of them takes some tens of milliseconds. */
const TURN = 1024 * 1024;

interface Piece {
  readonly chunk: Buffer;
  readonly position: number;
}

function writeAll(path: string, file: number, { chunk, position }: Piece): void {
  try {
    for (let done = 0; done < chunk.length; ) {
      done += writeSync(file, chunk, done, chunk.length - done, position + done);
    }
  } catch (error) {
    throw fileFailure(path, "writing", error);
  }
}

function readAll(path: string, file: number, { chunk, position }: Piece): void {
  try {
    for (let done = 0; done < chunk.length; ) {
      const read = readSync(file, chunk, done, chunk.length - done, position + done);
      if (read === 0) throw new Error(`${path} has become shorter`);
      done += read;
    }
  } catch (error) {
    throw fileFailure(path, "reading", error);
  }
}
