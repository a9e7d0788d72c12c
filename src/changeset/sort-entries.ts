/**
 * Lines with their keys in memory, sorted: bytes in a few large buffers and numbers in arrays, no object for each line.
 */

export interface Entries {
  readonly add: (key: Buffer, line: string) => void;
  /** What they take, about. */
  readonly bytes: () => number;
  /** The order of the entries: ascending by key, equal keys in the order of arrival. */
  readonly sorted: () => Uint32Array;
  /** Views, valid until `clear`. */
  readonly key: (index: number) => Buffer;
  readonly line: (index: number) => Buffer;
  /** Forgets all entries; memory is used again. */
  readonly clear: () => void;
}

const SLAB = 1_048_576;
/** Bytes of a key that are compared as a number, exactly. */
const PREFIX = 6;
/** Of the arrays, for each entry. */
const NUMBERS = 28;

export function entries(): Entries {
  const slabs: Buffer[] = [];
  /** Slab in use, and where it is free. */
  let slab = 0;
  let free = 0;
  let count = 0;
  let bytes = 0;
  let ascending = true;
  let numbers = columns(1024);

  /** A slab with so much room; lines longer than one get one of their own. */
  function room(size: number): Buffer {
    let found = slabs[slab];
    if (found && free + size <= found.length) return found;
    if (found) slab += 1;
    free = 0;
    found = slabs[slab];
    if (!found || found.length < size) {
      found = Buffer.allocUnsafeSlow(Math.max(SLAB, size));
      slabs[slab] = found;
    }
    return found;
  }

  function slice(index: number, from: number, length: number): Buffer {
    const start = (numbers.start[index] ?? 0) + from;
    const found = slabs[numbers.slab[index] ?? 0];
    if (!found) throw new Error("an entry lies in no slab");
    return found.subarray(start, start + length);
  }

  const keyOf = (index: number) => slice(index, 0, numbers.key[index] ?? 0);

  function compare(a: number, b: number): number {
    const first = (numbers.prefix[a] ?? 0) - (numbers.prefix[b] ?? 0);
    return first === 0 ? Buffer.compare(keyOf(a), keyOf(b)) || a - b : first;
  }

  return {
    add(key, line) {
      // No character takes more than three bytes for each of its units; short lines need no better guess.
      const most = line.length < SLAB / 8 ? line.length * 3 : Buffer.byteLength(line);
      const target = room(key.length + most);
      if (count === numbers.start.length) numbers = grown(numbers);
      numbers.slab[count] = slab;
      numbers.start[count] = free;
      numbers.key[count] = key.length;
      numbers.prefix[count] = prefixOf(key);
      free += key.copy(target, free);
      const written = target.write(line, free);
      numbers.line[count] = written;
      free += written;
      bytes += key.length + written + NUMBERS;
      count += 1;
      if (ascending && count > 1) ascending = compare(count - 2, count - 1) < 0;
    },
    bytes: () => bytes,
    sorted() {
      const order = Uint32Array.from({ length: count }, (_, index) => index);
      return ascending ? order : order.sort(compare);
    },
    key: keyOf,
    line: (index) => slice(index, numbers.key[index] ?? 0, numbers.line[index] ?? 0),
    clear() {
      slab = 0;
      free = 0;
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
  readonly prefix: Float64Array;
}

function columns(length: number): Columns {
  return {
    slab: new Uint32Array(length),
    start: new Uint32Array(length),
    key: new Uint32Array(length),
    line: new Uint32Array(length),
    prefix: new Float64Array(length),
  };
}

function grown(former: Columns): Columns {
  const next = columns(former.start.length * 2);
  next.slab.set(former.slab);
  next.start.set(former.start);
  next.key.set(former.key);
  next.line.set(former.line);
  next.prefix.set(former.prefix);
  return next;
}

/** Orders as the key's first bytes do; shorter keys as if zeros followed. */
function prefixOf(key: Buffer): number {
  if (key.length >= PREFIX) return key.readUIntBE(0, PREFIX);
  return key.length === 0 ? 0 : key.readUIntBE(0, key.length) * 256 ** (PREFIX - key.length);
}
