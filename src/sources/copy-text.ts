/**
 * COPY text as bytes: chunks of whole lines, fields, column order. Knows no dump format and no types.
 */
import { gathered } from "./large-memory.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const END_OF_DATA = Buffer.from("\\.\n");
const NEXT_END_OF_DATA = Buffer.from("\n\\.\n");

/** Longest line that is read; PostgreSQL itself stores no row beyond 1 GB. */
const MAX_LINE_BYTES = 2 ** 30;

/** Makes the failure for damaged input; the caller knows the place. */
export type Damage = (reason: string) => Error;

/**
 * The same bytes in chunks that end with LF; `chunks` are used only until the next one is asked for. A row longer than a chunk makes a longer chunk. With `reuse` a chunk is valid until the
 * next one is asked for: what lies in several chunks is put together in the same memory each time.
 *
 * @throws what `damage` makes, if a line exceeds 1 GiB, or the last one has no LF and is not to be `kept` as it is.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Buffer>,
  damage: Damage,
  { last, reuse }: { readonly last: "complete" | "kept"; readonly reuse: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  const rest = gathered();
  // What is the caller's own is never freed.
  const taken = (): Buffer => (reuse ? rest.take() : Buffer.from(rest.take()));
  try {
    for await (const chunk of chunks) {
      const end = chunk.lastIndexOf(LF) + 1;
      if (end > 0 && rest.length() === 0)
        yield reuse ? chunk.subarray(0, end) : Buffer.from(chunk.subarray(0, end));
      else if (end > 0) {
        rest.add(chunk.subarray(0, end));
        yield taken();
      }
      if (end < chunk.length) rest.add(chunk.subarray(end));
      if (rest.length() > MAX_LINE_BYTES) throw damage("a line is longer than 1 GiB");
    }
    if (rest.length() === 0) return;
    if (last === "complete") throw damage("the data end in the middle of a line");
    yield taken();
  } finally {
    rest.free();
  }
}

/**
 * Passes whole lines on until the line `\.`, which is left out. Reads on to the end, because checksums stand there, and what is cut off
 * shows only there.
 *
 * @throws what `damage` makes, if there is no such line, or other than empty lines follow it.
 */
export async function* untilEndOfData(
  chunks: AsyncIterable<Buffer>,
  damage: Damage,
): AsyncGenerator<Buffer, void, undefined> {
  let ended = false;
  for await (const chunk of chunks) {
    const end = ended ? 0 : endOfData(chunk);
    if (end < 0) {
      yield chunk;
      continue;
    }
    const follows = chunk.subarray(ended ? 0 : end + END_OF_DATA.length);
    if (follows.some((byte) => byte !== LF)) {
      throw damage("something follows the line \\. that marks the end of the rows");
    }
    ended = true;
    if (end > 0) yield chunk.subarray(0, end);
  }
  if (!ended) throw damage("the rows end without the line \\. that marks their end");
}

/** Where the line `\.` starts in a chunk of whole lines, or -1. */
function endOfData(chunk: Buffer): number {
  if (chunk.subarray(0, END_OF_DATA.length).equals(END_OF_DATA)) return 0;
  const before = chunk.indexOf(NEXT_END_OF_DATA);
  return before < 0 ? -1 : before + 1;
}

/** Removes one CR before each LF. In COPY text a CR of a value is written `\r`, so a raw one came in transit. */
export function stripCarriageReturns(chunk: Buffer): Buffer {
  if (!chunk.includes(CR)) return chunk;
  const out = Buffer.allocUnsafe(chunk.length);
  let length = 0;
  for (let index = 0; index < chunk.length; index += 1) {
    const byte = chunk[index] ?? 0;
    if (byte === CR && chunk[index + 1] === LF) continue;
    out[length] = byte;
    length += 1;
  }
  return out.subarray(0, length);
}

/** Turns a chunk of whole lines into another one. */
export type ChunkMap = (chunk: Buffer) => Buffer;

/** What `selectColumns` needs. */
export interface ColumnSelection {
  /** The fields of the lines as they come. */
  readonly from: readonly string[];
  /** The fields wanted, each of which is in `from`, without repetition. */
  readonly to: readonly string[];
  readonly damage: Damage;
}

/**
 * A function that brings the fields of each line into the order `to`; absent if lines are right as they are.
 *
 *     from: ["id", "name", "note"]  to: ["note", "id"]  "1\ta\t\\N\n" becomes "\\N\t1\n"
 *
 * It throws what `damage` makes for a line of another width than `from`: its values would go into the wrong columns.
 */
export function selectColumns({ from, to, damage }: ColumnSelection): ChunkMap | undefined {
  if (from.length === to.length && from.every((name, index) => name === to[index])) return;
  const picks = to.map((name) => from.indexOf(name));
  const width = from.length;
  const bounds = new Int32Array(width + 2);
  return (chunk) => {
    const out = Buffer.allocUnsafe(chunk.length);
    let length = 0;
    for (let start = 0; start < chunk.length; ) {
      const end = markFields(chunk, start, bounds);
      const found = bounds[width + 1] ?? 0;
      if (found !== width) throw damage(`a row has ${found} fields where ${width} are expected`);
      for (let index = 0; index < picks.length; index += 1) {
        const pick = picks[index] ?? 0;
        if (index > 0) length = out.writeUInt8(TAB, length);
        length += chunk.copy(out, length, bounds[pick], (bounds[pick + 1] ?? 0) - 1);
      }
      length = out.writeUInt8(LF, length);
      start = end;
    }
    return out.subarray(0, length);
  };
}

/**
 * Notes where the fields of the line at `start` begin, and one past their end in the next place; the last place holds
 * the number of fields. Returns where the next line starts.
 */
function markFields(chunk: Buffer, start: number, bounds: Int32Array): number {
  const width = bounds.length - 2;
  let count = 1;
  bounds[0] = start;
  for (let index = start; ; index += 1) {
    const byte = chunk[index];
    if (byte === TAB) {
      if (count <= width) bounds[count] = index + 1;
      count += 1;
    } else if (byte === LF || byte === undefined) {
      if (count <= width) bounds[count] = index + 1;
      bounds[width + 1] = width === 0 && index === start ? 0 : count;
      return index + 1;
    }
  }
}
