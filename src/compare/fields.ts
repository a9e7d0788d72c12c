/**
 * Where the fields of a line of COPY text lie, and which of them agree, byte by byte. Knows no values; makes no object for a line.
 */
import { type Places, sameBytes, TAB } from "./line.ts";

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

/**
 * Sets `ends` to where the fields of a line without its LF end, as far as there is room, and returns how many there are.
 */
export function findFields(line: Buffer, ends: Uint32Array): number {
  if (line.length === 0 && ends.length === 0) return 0;
  for (let start = 0, count = 0; ; count += 1) {
    const end = fieldEnd(line, start);
    if (count < ends.length) ends[count] = end;
    if (end === line.length) return count + 1;
    start = end + 1;
  }
}

/** Where the field begins at this position of a line whose fields end at `ends`. */
export function fieldStart(ends: Uint32Array, position: number): number {
  return position === 0 ? 0 : (ends[position - 1] ?? 0) + 1;
}

/** Two lines, and where their fields end. */
export interface Lines {
  readonly before: Buffer;
  readonly beforeEnds: Uint32Array;
  readonly after: Buffer;
  readonly afterEnds: Uint32Array;
  /** Set anew for each field. */
  readonly places: Places;
}

/** Whether the bytes of the fields at this position are the same. */
export function sameField(lines: Lines, position: number): boolean {
  const { before, after, beforeEnds, afterEnds, places } = lines;
  const start = fieldStart(beforeEnds, position);
  const length = (beforeEnds[position] ?? 0) - start;
  const otherStart = fieldStart(afterEnds, position);
  if ((afterEnds[position] ?? 0) - otherStart !== length) return false;
  places.left = before;
  places.leftStart = start;
  places.right = after;
  places.rightStart = otherStart;
  return sameBytes(places, length);
}
