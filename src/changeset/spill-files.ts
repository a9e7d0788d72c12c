/**
 * Temporary files for lines that exceed memory. Knows chunks and partitions, not what they hold.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { SpillStore } from "../compare/spill.ts";
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
 * Stores throw ExpectedError `file_system`. Memory: two numbers for a chunk, one chunk for a partition that is being read.
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
  let file: FileHandle | undefined;
  let size = 0;
  return {
    async write(partition, chunk) {
      file ??= await openNameless(path);
      await writeAll(path, file, { chunk, position: size });
      const extent = { position: size, length: chunk.length };
      const known = extents.get(partition);
      if (known) known.push(extent);
      else extents.set(partition, [extent]);
      size += chunk.length;
    },
    async *read(partition) {
      let buffer = Buffer.alloc(0);
      for (const { position, length } of extents.get(partition) ?? []) {
        if (!file) throw new Error(`${path} is read after it was closed`);
        if (buffer.length < length) buffer = Buffer.allocUnsafeSlow(length);
        await readAll(path, file, { chunk: buffer.subarray(0, length), position });
        yield buffer.subarray(0, length);
      }
    },
    async [Symbol.asyncDispose]() {
      const opened = file;
      file = undefined;
      extents.clear();
      await opened?.close();
      await rm(path, { force: true });
    },
  };
}

/** Opens a new file and takes its name away, so that production's rows do not stay on disk if the process is killed. */
async function openNameless(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "wx+", 0o600);
    // Windows keeps the name of an open file; disposing removes it there.
    await rm(path, { force: true }).catch(() => undefined);
    return file;
  } catch (error) {
    throw fileFailure(path, "making", error);
  }
}

interface Piece {
  readonly chunk: Buffer;
  readonly position: number;
}

async function writeAll(path: string, file: FileHandle, piece: Piece): Promise<void> {
  const { chunk, position } = piece;
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw fileFailure(path, "writing", error);
  }
}

async function readAll(path: string, file: FileHandle, piece: Piece): Promise<void> {
  const { chunk, position } = piece;
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesRead } = await file.read(chunk, done, chunk.length - done, position + done);
      if (bytesRead === 0) throw new Error(`${path} has become shorter`);
      done += bytesRead;
    }
  } catch (error) {
    throw fileFailure(path, "reading", error);
  }
}
