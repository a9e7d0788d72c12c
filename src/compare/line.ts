/**
 * Lines of COPY text as byte ranges: where they end, whether they agree, their hash. Knows neither keys nor streams.
 * Nothing here makes an object for a line.
 */

export const LF = 0x0a;
export const TAB = 0x09;

/** Below this many bytes a loop is faster than a call of native code. */
const SHORT = 32;

/** As far as a row or two: where lines differ, they mostly do so before, and native code would need several calls to say where. */
const NEAR = 192;

/** Two places in two chunks of whole lines. Set anew for each comparison rather than made anew. */
export interface Places {
  left: Buffer;
  leftStart: number;
  right: Buffer;
  rightStart: number;
}

/** Places that are nowhere yet. */
export function emptyPlaces(): Places {
  const none = Buffer.alloc(0);
  return { left: none, leftStart: 0, right: none, rightStart: 0 };
}

/** Where the LF of the line is that starts at `start`. @throws Error if there is none: chunks hold whole lines. */
export function lineEnd(chunk: Buffer, start: number): number {
  const end = chunk.indexOf(LF, start);
  if (end < 0) throw new Error("a chunk of COPY text does not end with a whole line");
  return end;
}

/**
 * How many of the next `length` bytes on both sides are lines that agree, LF included; both places are starts of lines.
 * Costs time for the bytes that agree, whatever `length` is.
 */
export function agreeingBytes(places: Places, length: number): number {
  const { left, leftStart, right, rightStart } = places;
  const near = Math.min(length, NEAR);
  let lines = 0;
  for (let at = 0; at < near; at += 1) {
    const byte = left[leftStart + at];
    if (byte !== right[rightStart + at]) return lines;
    if (byte === LF) lines = at + 1;
  }
  const agreeing = agreeingFrom(places, near, length);
  if (agreeing === length) return length;
  return Math.max(lines, left.lastIndexOf(LF, leftStart + agreeing - 1) + 1 - leftStart);
}

/** How many bytes agree, of which the first `known` do: doubles its steps up to the difference, then halves them. */
function agreeingFrom(places: Places, known: number, length: number): number {
  let from = known;
  let step = 4 * SHORT;
  while (from < length) {
    const to = Math.min(from + step, length);
    if (!agree(places, from, to)) return firstDifference(places, from, to);
    from = to;
    step *= 4;
  }
  return length;
}

/** Offset of the first byte that differs between `from` and `to`, where one does. */
function firstDifference(places: Places, from: number, to: number): number {
  let low = from;
  let high = to;
  while (high - low > SHORT) {
    const middle = (low + high) >>> 1;
    if (agree(places, low, middle)) low = middle;
    else high = middle;
  }
  while (places.left[places.leftStart + low] === places.right[places.rightStart + low]) low += 1;
  return low;
}

function agree({ left, leftStart, right, rightStart }: Places, from: number, to: number): boolean {
  return (
    left.compare(right, rightStart + from, rightStart + to, leftStart + from, leftStart + to) === 0
  );
}

/** Whether the next `length` bytes are the same on both sides. */
export function sameBytes(places: Places, length: number): boolean {
  if (length > SHORT) return agree(places, 0, length);
  const { left, leftStart, right, rightStart } = places;
  for (let at = 0; at < length; at += 1) {
    if (left[leftStart + at] !== right[rightStart + at]) return false;
  }
  return true;
}

/** MurmurHash3 (32 bits, signed) of the bytes from `start` up to `end`. See: Austin Appleby, MurmurHash3_x86_32. */
export function hashBytes(bytes: Buffer, start: number, end: number): number {
  let hash = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const block =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let shift = 0; at < end; at += 1, shift += 8) rest |= (bytes[at] ?? 0) << shift;
  return finish(hash ^ scramble(rest) ^ (end - start));
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
