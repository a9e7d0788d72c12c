/**
 * Memory for chunks of rows that is used again: what is left to the garbage collector makes it run, for hundreds of megabytes a
 * second, more than all the rest of the program. Knows no rows.
 */
import { releaseLarge } from "../large-memory.ts";

/** Bytes of one piece. */
export const CAPACITY: number = 256 * 1024;
/** Pieces that wait to be used again. */
const SPARE = 64;

/** Pieces of memory that were given back. */
export interface ChunkMemory {
  /** A piece of at least so many bytes, with anything in it. */
  readonly take: (bytes: number) => Buffer;
  /** The piece that a chunk is part of, which nobody may look at any more. Large ones are freed. */
  readonly giveBack: (chunk: Buffer) => void;
}

/** Memory of which nothing has been used yet. */
export function chunkMemory(): ChunkMemory {
  const spare: ArrayBufferLike[] = [];
  return {
    take(bytes) {
      if (bytes > CAPACITY) return Buffer.allocUnsafeSlow(bytes);
      const piece = spare.pop();
      return piece ? Buffer.from(piece) : Buffer.allocUnsafeSlow(CAPACITY);
    },
    giveBack({ buffer }) {
      if (buffer.byteLength === CAPACITY && spare.length < SPARE) spare.push(buffer);
      else releaseLarge(Buffer.from(buffer));
    },
  };
}
