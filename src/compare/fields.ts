/**
 * Where the fields of a line of COPY text lie, and which of them agree, byte by byte. Knows no values; makes no object for a line.
 */
import { emptyPlaces, type Places, sameBytes, TAB } from "./line.ts";

/** Below this many bytes a loop over them is faster than a call of native code. */
export const SHORT: number = 48;

/** Where the field ends that starts at `start`: at its TAB or at the end of the line. */
export function fieldEnd(line: Buffer, start: number): number {
  const near = Math.min(start + SHORT, line.length);
  for (let at = start; at < near; at += 1) if (line[at] === TAB) return at;
  if (near === line.length) return near;
  const tab = line.indexOf(TAB, near);
  return tab < 0 ? line.length : tab;
}

/** Where the field begins at this position of a line whose fields end at `ends`. */
export function fieldStart(ends: Uint32Array, position: number): number {
  return position === 0 ? 0 : (ends[position - 1] ?? 0) + 1;
}

/** Two lines without their LF, and what `matchFields` finds out of them. */
export interface Lines {
  before: Buffer;
  after: Buffer;
  /** Where the fields end, as far as there is room. */
  readonly beforeEnds: Uint32Array;
  readonly afterEnds: Uint32Array;
  /** 1 for fields whose bytes are the same on both sides, else 0. */
  readonly same: Uint8Array;
  /** How many fields there are. */
  beforeCount: number;
  afterCount: number;
  readonly places: Places;
}

/** Room for two lines of so many fields. */
export function emptyLines(width: number): Lines {
  const none = Buffer.alloc(0);
  const ends = { beforeEnds: new Uint32Array(width), afterEnds: new Uint32Array(width) };
  const counts = { beforeCount: 0, afterCount: 0 };
  return {
    ...{ before: none, after: none, ...ends, same: new Uint8Array(width) },
    ...{ ...counts, places: emptyPlaces() },
  };
}

/** Goes through both lines at once, as most of their bytes agree: finds their fields, and which of them are the same. */
export function matchFields(lines: Lines): void {
  const { before, after, beforeEnds, afterEnds, same } = lines;
  let left = 0;
  let right = 0;
  for (let count = 0; ; count += 1) {
    const near = left + SHORT;
    while (left < near && left < before.length) {
      const byte = before[left];
      if (byte === TAB || byte !== after[right]) break;
      left += 1;
      right += 1;
    }
    let equal = isEnd(before, left) && isEnd(after, right);
    if (!equal) {
      const [from, otherFrom] = [left, right];
      left = fieldEnd(before, left);
      right = fieldEnd(after, right);
      equal = from === near && sameRest(lines, { from, otherFrom, end: left, otherEnd: right });
    }
    if (count < same.length) {
      beforeEnds[count] = left;
      afterEnds[count] = right;
      same[count] = equal ? 1 : 0;
    }
    if (left === before.length || right === after.length) {
      lines.beforeCount = count + 1 + countFrom(before, left);
      lines.afterCount = count + 1 + countFrom(after, right);
      return;
    }
    left += 1;
    right += 1;
  }
}

function isEnd(line: Buffer, at: number): boolean {
  return at === line.length || line[at] === TAB;
}

/** What follows of two fields that agree so far. */
interface Rest {
  readonly from: number;
  readonly otherFrom: number;
  readonly end: number;
  readonly otherEnd: number;
}

function sameRest(
  { before, after, places }: Lines,
  { from, otherFrom, end, otherEnd }: Rest,
): boolean {
  if (end - from !== otherEnd - otherFrom) return false;
  places.left = before;
  places.leftStart = from;
  places.right = after;
  places.rightStart = otherFrom;
  return sameBytes(places, end - from);
}

/** How many fields follow the one that ends there. */
function countFrom(line: Buffer, end: number): number {
  let count = 0;
  for (let at = end; at < line.length; count += 1) at = fieldEnd(line, at + 1);
  return count;
}
