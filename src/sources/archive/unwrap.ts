/**
 * A compressed file as the bytes it holds. There is no way back in a compressed stream but from its start, so the place
 * where the last reader stopped is kept: reading tables in the order of the file decompresses it once.
 */
import type { Bytes } from "../bytes.ts";
import type { Damage } from "../copy-text.ts";
import { type Algorithm, decompress, takesLent } from "./decompress.ts";

/** A decompression under way. */
interface Cursor {
  readonly chunks: AsyncIterator<Buffer, unknown>;
  /** Position of `rest` in the decompressed bytes. */
  position: number;
  /** What was decompressed and not read yet. */
  rest: Buffer;
}

/** What `unwrap` needs. */
export interface Wrapped {
  readonly file: Bytes;
  readonly algorithm: Algorithm;
  readonly damage: Damage;
}

/** The decompressed bytes. Closes the file when closed. */
export function unwrap({ file, algorithm, damage }: Wrapped): Bytes {
  let idle: Cursor | undefined;
  const start = (): Cursor => {
    const bytes = file.read(0, undefined, takesLent(algorithm) ? "lent" : undefined);
    const decompressed = decompress({ algorithm, bytes, damage, lent: false });
    return { chunks: decompressed[Symbol.asyncIterator](), position: 0, rest: Buffer.alloc(0) };
  };
  const park = async (cursor: Cursor | undefined): Promise<void> => {
    const former = idle;
    idle = cursor;
    await former?.chunks.return?.();
  };
  async function* read(
    from: number,
    end: number = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Buffer, void, undefined> {
    let cursor = idle && idle.position <= from ? idle : undefined;
    if (cursor) idle = undefined;
    cursor ??= start();
    let reusable = false;
    try {
      while (cursor.position < end && (await fill(cursor))) {
        const skipped = Math.max(0, from - cursor.position);
        const piece = cursor.rest.subarray(skipped, end - cursor.position);
        advance(cursor, Math.min(skipped + piece.length, cursor.rest.length));
        reusable = true;
        if (piece.length > 0) yield piece;
        reusable = false;
      }
      reusable = cursor.rest.length > 0 || cursor.position >= end;
    } finally {
      if (reusable) await park(cursor);
      else await cursor.chunks.return?.();
    }
  }
  return {
    path: file.path,
    seekable: false,
    read,
    close: async () => {
      await park(undefined);
      await file.close();
    },
  };
}

function advance(cursor: Cursor, length: number): void {
  cursor.position += length;
  cursor.rest = cursor.rest.subarray(length);
}

/** True if there is something to read. */
async function fill(cursor: Cursor): Promise<boolean> {
  while (cursor.rest.length === 0) {
    const { done, value } = await cursor.chunks.next();
    if (done) return false;
    // Iterators that end give `unknown`; those that do not give chunks.
    if (Buffer.isBuffer(value)) cursor.rest = value;
  }
  return true;
}
