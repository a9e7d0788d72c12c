/**
 * One of the two streams of lines: the chunk at hand, the place in it, the line that comes next, and the lines set aside.
 * Knows nothing of the other side.
 */
import { hashBytes, LF, lineEnd } from "./line.ts";
import { emptyKey, type KeyOf, type KeyRange } from "./line-key.ts";
import type { Pending } from "./pending.ts";

/** The two sides of a comparison. */
export type SideName = "production" | "local";

/** A stream that is being read. */
export interface Side {
  readonly name: SideName;
  readonly lines: AsyncIterator<Buffer>;
  readonly keyOf: KeyOf;
  readonly pending: Pending;
  readonly onRead: ((side: SideName, bytes: number) => void) | undefined;
  /** Valid until the next chunk is asked for. */
  chunk: Buffer;
  /** Start of the next line, or the end of the chunk. */
  position: number;
  /** No chunk comes after this one. */
  ended: boolean;
  /** The LF of the next line if its key has been taken, or -1. */
  headEnd: number;
  readonly headKey: KeyRange;
  headHash: number;
}

/** What distinguishes a side from the other. */
export type SideInput = Pick<Side, "name" | "keyOf" | "pending" | "onRead"> & {
  readonly stream: AsyncIterable<Buffer>;
};

/** A side at its beginning. Starts to read nothing yet. */
export function createSide({ stream, ...input }: SideInput): Side {
  return {
    ...input,
    lines: stream[Symbol.asyncIterator](),
    chunk: Buffer.alloc(0),
    position: 0,
    ended: false,
    headEnd: -1,
    headKey: emptyKey(),
    headHash: 0,
  };
}

/** Whether a line is at hand. */
export function hasLine({ position, chunk }: Side): boolean {
  return position < chunk.length;
}

/** Whether nothing can be said of the next line, or that there is none, before more is read. */
export function isStarved(side: Side): boolean {
  return !hasLine(side) && !side.ended;
}

/** Reads on where a side is starved; both at the same time if both are. */
export async function readOn(sides: readonly Side[]): Promise<void> {
  await Promise.all(sides.filter(isStarved).map(nextChunk));
}

async function nextChunk(side: Side): Promise<void> {
  const { done, value } = await side.lines.next();
  side.position = 0;
  side.ended = done === true;
  side.chunk = done ? Buffer.alloc(0) : value;
  if (done || value.length === 0) return;
  if (value[value.length - 1] !== LF) throw new Error("a chunk of COPY text does not end with LF");
  side.onRead?.(side.name, value.length);
}

/** Ends both streams. What fails then is of no interest: the lines are complete, not wanted, or an error is on its way. */
export async function closeSides(sides: readonly Side[]): Promise<void> {
  await Promise.allSettled(sides.map(async ({ lines }) => lines.return?.()));
}

/** Takes the key of the next line. */
export function readHead(side: Side): void {
  const { chunk, position, headKey } = side;
  const end = lineEnd(chunk, position);
  side.keyOf(chunk, position, end, headKey);
  side.headHash = hashBytes(headKey.bytes, headKey.start, headKey.end);
  side.headEnd = end;
}

/** Goes on to another line, at `position` of the chunk. */
export function moveTo(side: Side, position: number): void {
  side.position = position;
  side.headEnd = -1;
}

/** The next line, whose key has been taken, without its LF. Valid as long as the chunk. */
export function headLine({ chunk, position, headEnd }: Side): Buffer {
  return chunk.subarray(position, headEnd);
}
