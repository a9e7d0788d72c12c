/**
 * Lines with their keys in memory, sorted: bytes in a few large buffers and numbers in arrays, no object for each line.
 */

import { createSlab, type Slab, type SlabPool, takeSlab } from "../compare/records.ts";

/** Where a key lies. */
export interface KeyPlace {
  readonly key: Buffer;
  readonly start: number;
  readonly middle: number;
}

/** Where a line lies, without its end. */
export interface LinePlace {
  readonly line: Buffer;
  readonly from: number;
  readonly end: number;
}

/** A line with its key. */
export interface Entry extends KeyPlace, LinePlace {
  /** The key's first bytes as numbers, see `numberAt`. */
  readonly first: number;
  readonly second: number;
}

/** Entries in memory. */
export interface Entries {
  readonly add: (key: Buffer, line: string) => void;
  /** What they take, about. */
  readonly bytes: () => number;
  /** Whether they came in their order. */
  readonly isAscending: () => boolean;
  /** The order of the entries: ascending by key, equal keys in the order of arrival. */
  readonly sorted: () => Uint32Array;
  /** Where an entry lies, until `clear`. */
  readonly entry: (index: number) => Entry;
  /** Forgets all entries and gives their memory back to the pool. */
  readonly clear: () => void;
}

/** Bytes of a key that make a number, exactly. */
const DIGITS = 6;
/** Of the arrays, for each entry. */
const NUMBERS = 32;

/**
 * Six bytes of a key, from `offset` on, as a number that orders as they do; a shorter key as if zeros followed. Two such numbers decide
 * nearly every comparison, and cost a fraction of comparing bytes.
 */
export function numberAt(buffer: Buffer, offset: number, end: number): number {
  const length = end - offset;
  if (length >= DIGITS) return buffer.readUIntBE(offset, DIGITS);
  return length <= 0 ? 0 : buffer.readUIntBE(offset, length) * 256 ** (DIGITS - length);
}

/** An entry, with the numbers of its key. */
export function entryOf({ key, start, middle }: KeyPlace, { line, from, end }: LinePlace): Entry {
  const first = numberAt(key, start, middle);
  const second = numberAt(key, start + DIGITS, middle);
  return { key, start, middle, line, from, end, first, second };
}

/** By the bytes of the keys: negative, 0 or positive. */
export function compareEntries(a: Entry, b: Entry): number {
  return (
    a.first - b.first ||
    a.second - b.second ||
    a.key.compare(b.key, b.start, b.middle, a.start, a.middle)
  );
}

/** None yet. Their memory comes from the pool, which counts it as lent. */
export function entries(pool: SlabPool): Entries {
  const slabs: Slab[] = [];
  /** In use: the last slab and its bytes, and where they are free. */
  let current: Buffer = Buffer.alloc(0);
  let free = 0;
  let count = 0;
  let bytes = 0;
  let ascending = true;
  let numbers = columns(1024);

  /** Bytes with so much room; lines longer than a slab get one of their own. */
  function room(size: number): Buffer {
    if (slabs.length > 0 && free + size <= current.length) return current;
    const slab = size > pool.slabBytes ? createSlab(size) : takeSlab(pool);
    slabs.push(slab);
    current = slab.bytes;
    free = 0;
    return current;
  }

  function entry(index: number): Entry {
    const buffer = slabs[numbers.slab[index] ?? 0]?.bytes;
    if (!buffer) throw new Error("an entry lies in no slab");
    const start = numbers.start[index] ?? 0;
    const middle = start + (numbers.key[index] ?? 0);
    const end = middle + (numbers.line[index] ?? 0);
    const [first = 0, second = 0] = [numbers.first[index], numbers.second[index]];
    // The line lies behind its key.
    return { key: buffer, start, middle, line: buffer, from: middle, end, first, second };
  }

  function compare(a: number, b: number): number {
    return (
      (numbers.first[a] ?? 0) - (numbers.first[b] ?? 0) ||
      (numbers.second[a] ?? 0) - (numbers.second[b] ?? 0) ||
      compareEntries(entry(a), entry(b)) ||
      a - b
    );
  }

  return {
    add(key, line) {
      // No character takes more than three bytes for each of its units; short lines need no better guess.
      const most = line.length < pool.slabBytes / 8 ? line.length * 3 : Buffer.byteLength(line);
      const target = room(key.length + most);
      if (count === numbers.start.length) numbers = grown(numbers);
      numbers.slab[count] = slabs.length - 1;
      numbers.start[count] = free;
      numbers.key[count] = key.length;
      numbers.first[count] = numberAt(key, 0, key.length);
      numbers.second[count] = numberAt(key, DIGITS, key.length);
      free += key.copy(target, free);
      const written = target.write(line, free);
      numbers.line[count] = written;
      free += written;
      const taken = key.length + written + NUMBERS;
      bytes += taken;
      pool.lent += taken;
      count += 1;
      if (ascending && count > 1) ascending = compare(count - 2, count - 1) < 0;
    },
    bytes: () => bytes,
    isAscending: () => ascending,
    sorted() {
      const order = Uint32Array.from({ length: count }, (_, index) => index);
      return ascending ? order : order.sort(compare);
    },
    entry,
    clear() {
      for (const slab of slabs) if (slab.bytes.length === pool.slabBytes) pool.free.push(slab);
      slabs.length = 0;
      current = Buffer.alloc(0);
      free = 0;
      pool.lent -= bytes;
      count = 0;
      bytes = 0;
      ascending = true;
    },
  };
}

interface Columns {
  readonly slab: Uint32Array;
  readonly start: Uint32Array;
  readonly key: Uint32Array;
  readonly line: Uint32Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

function columns(length: number): Columns {
  return {
    slab: new Uint32Array(length),
    start: new Uint32Array(length),
    key: new Uint32Array(length),
    line: new Uint32Array(length),
    first: new Float64Array(length),
    second: new Float64Array(length),
  };
}

function grown(former: Columns): Columns {
  const next = columns(former.start.length * 2);
  next.slab.set(former.slab);
  next.start.set(former.start);
  next.key.set(former.key);
  next.line.set(former.line);
  next.first.set(former.first);
  next.second.set(former.second);
  return next;
}
