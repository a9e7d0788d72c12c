/**
 * The bytes of a dump file, readable from any position, and a window that slides over them. Knows no dump format.
 */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { ExpectedError } from "../errors.ts";

/** Size of one read from a file. */
export const CHUNK_BYTES = 262_144;
/** Size of the first read: who wants a little from each of many places does not pay for more. */
const FIRST_BYTES = 8_192;
/** A file up to this size is read once: to ask for a little of it many times takes longer. */
const WHOLE_BYTES = 8 * 1024 * 1024;

/** The bytes of one file, or what a compressed file holds. */
export interface Bytes {
  /** For messages. */
  readonly path: string;
  /** True if any position is reached without reading what lies before it. */
  readonly seekable: boolean;
  /**
   * Chunks from `start` up to, not including, `end`, or to the end of the file. A chunk is the caller's own, and never written to
   * again; a `lent` one only until the next is asked for. Lent memory does not wait for the garbage collector.
   *
   * @throws ExpectedError `file_system`, `dump_damaged` if the compressed stream is.
   */
  read(start: number, end?: number, lent?: "lent"): AsyncGenerator<Buffer, void, undefined>;
  /** Harmless when called twice. */
  close(): Promise<void>;
}

/** A file's bytes and its size. The file is held open until `close`. */
export interface FileBytes extends Bytes {
  readonly size: number;
  /** Hexadecimal SHA-256 of the whole file, by one more pass over it. */
  sha256(): Promise<string>;
}

/** Opens a file. @throws ExpectedError `source_missing`, `file_system`. */
export async function openFile(path: string): Promise<FileBytes> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw fileError(path, "opening", error);
  });
  const { size } = await handle.stat();
  let closed = false;
  const fromFile: Fetch = async (memory, position) => {
    const { bytesRead } = await handle.read(memory, 0, memory.length, position);
    return bytesRead;
  };
  const fetch = size > WHOLE_BYTES ? fromFile : fromMemory(size, fromFile);
  const read = (
    start: number,
    end: number = size,
    lent?: "lent",
  ): AsyncGenerator<Buffer, void, undefined> =>
    readRange({ fetch, path, start, end: Math.min(end, size), lent: lent === "lent" });
  return {
    path,
    size,
    seekable: true,
    read,
    sha256: async () => {
      const hash = createHash("sha256");
      for await (const chunk of read(0, size, "lent")) hash.update(chunk);
      return hash.digest("hex");
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

/** A file system's refusal as a failure; `ENOENT` means that the source is missing. */
export function fileError(path: string, doing: string, error: unknown): ExpectedError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new ExpectedError({ code: "source_missing", path });
  const reason = error instanceof Error ? error.message : String(error);
  return new ExpectedError({ code: "file_system", path, doing, reason }, { cause: error });
}

/** Fills the memory from a position of the file; so many bytes are there, fewer only at its end. */
type Fetch = (memory: Buffer, position: number) => Promise<number>;

/** Reads the file when it is asked for the first time. */
function fromMemory(size: number, fetch: Fetch): Fetch {
  const readWhole = async (): Promise<Buffer> => {
    const memory = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    for (let count = 1; count > 0 && filled < size; filled += count) {
      count = await fetch(memory.subarray(filled), filled);
    }
    return memory.subarray(0, filled);
  };
  let whole: Promise<Buffer> | undefined;
  return async (memory, position) => {
    whole ??= readWhole();
    return (await whole).copy(memory, 0, position);
  };
}

interface FileRange {
  readonly fetch: Fetch;
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly lent: boolean;
}

/** Reads one chunk ahead, so that the disk works while the consumer does. */
async function* readRange(range: FileRange): AsyncGenerator<Buffer, void, undefined> {
  let position = range.start;
  let size = FIRST_BYTES;
  // One is used while the other one is filled.
  let [next, used]: readonly [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  const memory = (length: number): Buffer => {
    [next, used] = [used, next];
    if (!range.lent || next.length < length) next = Buffer.allocUnsafeSlow(length);
    return next.subarray(0, length);
  };
  const readNext = (): Promise<Buffer> => {
    const length = Math.max(0, Math.min(size, range.end - position));
    return length === 0
      ? Promise.resolve(Buffer.alloc(0))
      : readChunk(range, position, memory(length));
  };
  let pending = readNext();
  try {
    for (;;) {
      const chunk = await pending;
      if (chunk.length === 0) return;
      position += chunk.length;
      size = Math.min(CHUNK_BYTES, size * 4);
      pending = readNext();
      // A consumer that stops here leaves the read-ahead behind; its failure must not surface elsewhere.
      pending.catch(() => undefined);
      yield chunk;
    }
  } finally {
    await pending.catch(() => undefined);
  }
}

/** Fills the memory, or less of it where the file ends. */
async function readChunk(
  { fetch, path }: FileRange,
  position: number,
  memory: Buffer,
): Promise<Buffer> {
  try {
    return memory.subarray(0, await fetch(memory, position));
  } catch (error) {
    throw fileError(path, "reading", error);
  }
}

/**
 * A stretch of bytes in memory that moves forward over a file, and grows where the reader needs to keep more. Its memory is used again:
 * what was taken from `bytes` is valid until the next `refill` or `hold`.
 */
export class Window implements AsyncDisposable {
  /** What is in memory. */
  bytes: Buffer = Buffer.alloc(0);
  /** Position in the file of the first byte in memory. */
  base: number;
  /** True when nothing follows what is in memory. */
  final = false;
  readonly source: Bytes;
  readonly #end: number | undefined;
  #chunks: AsyncGenerator<Buffer, void, undefined>;
  #memory: Buffer = Buffer.alloc(0);

  constructor(source: Bytes, start = 0, end?: number) {
    this.source = source;
    this.base = start;
    this.#end = end;
    this.#chunks = source.read(start, end, "lent");
  }

  /** Forgets what lies before the position `keep` and reads on, at least as much again as is kept. */
  async refill(keep: number): Promise<void> {
    const kept = this.bytes.subarray(Math.min(Math.max(keep - this.base, 0), this.bytes.length));
    this.base += this.bytes.length - kept.length;
    this.bytes = kept;
    for (let added = 0; !this.final && (added === 0 || added < kept.length); ) {
      const { done, value } = await this.#chunks.next();
      if (done) this.final = true;
      else {
        this.#append(value);
        added += value.length;
      }
    }
  }

  #append(chunk: Buffer): void {
    const length = this.bytes.length + chunk.length;
    const memory = this.#memory.length < length ? Buffer.allocUnsafeSlow(length * 2) : this.#memory;
    // Copies rightly also where both lie in the same memory.
    this.bytes.copy(memory);
    chunk.copy(memory, this.bytes.length);
    this.#memory = memory;
    this.bytes = memory.subarray(0, length);
  }

  /** Makes `length` bytes from the position `at` available, as far as the file has them. True if it has. */
  async hold(at: number, length: number): Promise<boolean> {
    // What is near is read over: starting anew would begin with small reads again, for each of many blocks.
    const isNear = at >= this.base && at <= this.base + this.bytes.length + CHUNK_BYTES;
    if (!isNear) await this.#moveTo(at);
    while (at + length > this.base + this.bytes.length) {
      if (this.final) return false;
      await this.refill(at);
    }
    return true;
  }

  async #moveTo(at: number): Promise<void> {
    await this.#chunks.return();
    this.#chunks = this.source.read(at, this.#end, "lent");
    this.base = at;
    this.bytes = Buffer.alloc(0);
    this.final = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return();
  }
}
