/**
 * Writes a folder of files whole or not at all: beside its place first, on disk, then renamed. Knows nothing of what the files hold.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ExpectedError } from "../errors.ts";
import { guardFiles } from "./file-errors.ts";
import { besides, checkFree, MANIFEST, moveIntoPlace, type Place, placeOf } from "./place.ts";

/** A file to write. Its text is asked for once, when its turn comes. */
export interface OutputFile {
  readonly name: string;
  readonly text: () => AsyncIterable<string>;
}

/** A file that was written. */
export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface FolderRequest extends Place {
  readonly signal?: AbortSignal;
  /** Told of each block: the file, how many are done of how many, and the bytes written so far. */
  readonly onProgress?: (
    file: { readonly name: string; readonly done: number; readonly of: number },
    bytes: number,
  ) => void;
}

/**
 * Writes the files in their order, then `MANIFEST`. Readers see the former state or the whole folder, nothing between;
 * a failure or an abort leaves neither the folder nor a parent that was made for it. Memory: one chunk.
 *
 * @throws ExpectedError as `checkFree`; `file_system`; `interrupted` when `signal` aborts.
 */
export async function writeFolder(
  request: FolderRequest,
  files: readonly OutputFile[],
): Promise<readonly WrittenFile[]> {
  await checkFree(request);
  const target = await placeOf(request.path);
  const parent = dirname(target);
  const made = await guardFiles("creating", parent, () => mkdir(parent, { recursive: true }));
  const partial = besides(target, "partial");
  const syncs: Promise<void>[] = [];
  try {
    // Readable by others once it is in place: mkdtemp() would not let them in.
    await guardFiles("creating", request.path, () => mkdir(partial));
    const written: WrittenFile[] = [];
    let bytes = 0;
    for (const [done, file] of files.entries()) {
      const onBlock = (length: number): void => {
        bytes += length;
        request.onProgress?.({ name: file.name, done, of: files.length }, bytes);
      };
      written.push(await writeFile(partial, request, { file, syncs, onBlock }));
    }
    const manifest = { name: MANIFEST, text: () => manifestText(written) };
    written.push(await writeFile(partial, request, { file: manifest, syncs }));
    await Promise.all(syncs);
    await syncFolder(partial);
    throwIfAborted(request.signal);
    await guardFiles("writing", request.path, () => moveIntoPlace(request, partial, target));
    await syncFolder(parent);
    return written;
  } catch (error) {
    await Promise.allSettled(syncs);
    await rm(partial, { recursive: true, force: true });
    if (made !== undefined) await removeEmpty(parent, made);
    throw error;
  }
}

interface Writing {
  readonly file: OutputFile;
  /** Takes what the disk has still to do: the next file is made meanwhile. */
  readonly syncs: Promise<void>[];
  readonly onBlock?: (bytes: number) => void;
}

async function writeFile(
  folder: string,
  { path, signal }: FolderRequest,
  { file: { name, text }, syncs, onBlock }: Writing,
): Promise<WrittenFile> {
  const shown = join(path, name);
  const file = await guardFiles("creating", shown, () => open(join(folder, name), "wx"));
  // The disk takes one block while the next one is made.
  let writing = Promise.resolve();
  try {
    const digest = createHash("sha256");
    let bytes = 0;
    for await (const chunk of inBlocks(text())) {
      throwIfAborted(signal);
      digest.update(chunk);
      bytes += chunk.length;
      await writing;
      writing = guardFiles("writing", shown, () => writeAll(file, chunk));
      // Awaited with the next block; until then a failure is nobody's.
      writing.catch(() => undefined);
      onBlock?.(chunk.length);
    }
    await writing;
    throwIfAborted(signal);
    const synced = guardFiles("writing", shown, () => file.sync()).finally(() => file.close());
    // Awaited once all files are written.
    synced.catch(() => undefined);
    syncs.push(synced);
    return { name, bytes, sha256: digest.digest("hex") };
  } catch (error) {
    await Promise.allSettled([writing]);
    await file.close();
    throw error;
  }
}

const BLOCK = 262_144;
/** No character takes more bytes for each of its units. */
const WIDEST = 3;

/** Few large writes instead of one for each line. A block is valid until the one after the next is asked for. */
async function* inBlocks(text: AsyncIterable<string>): AsyncGenerator<Buffer> {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let other = Buffer.allocUnsafeSlow(BLOCK);
  let end = 0;
  for await (const piece of text) {
    if (end > 0 && end + piece.length * WIDEST > BLOCK) {
      yield block.subarray(0, end);
      [block, other] = [other, block];
      end = 0;
    }
    if (piece.length * WIDEST > BLOCK) yield Buffer.from(piece);
    else end += block.write(piece, end);
  }
  if (end > 0) yield block.subarray(0, end);
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

async function* manifestText(files: readonly WrittenFile[]): AsyncGenerator<string> {
  const sorted = [...files].sort((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  for (const { name, sha256 } of sorted) yield `${sha256}  ${name}\n`;
}

/** Removes the empty folders from `parent` up to `made`, the topmost one that was created. */
async function removeEmpty(parent: string, made: string): Promise<void> {
  const top = resolve(made);
  for (let path = parent; path.startsWith(top); path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      // Somebody else has put something there since: it stays.
      return;
    }
  }
}

/** Renames are durable once the folder that holds the names is; where folders cannot be synced, they are as durable as the system makes them. */
async function syncFolder(path: string): Promise<void> {
  const folder = await guardFiles("opening", path, () => open(path, "r"));
  try {
    await folder.sync();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EINVAL" && code !== "EPERM" && code !== "ENOTSUP") throw error;
  } finally {
    await folder.close();
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ExpectedError({ code: "interrupted" });
}
