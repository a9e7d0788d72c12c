/**
 * FSE and Huffman decoding for zstd. See: RFC 8878, "Entropy Encoding".
 */

/** A stream of bits that is read from its end. */
export interface Bits {
  readonly bytes: Buffer;
  /** Bits that are left; below zero when more were read than there are. */
  left: number;
}

/** Bits of a stream whose last byte marks its end with its highest bit. */
export function bitsOf(stream: Buffer): Bits {
  const last = stream[stream.length - 1] ?? 0;
  if (last === 0) throw corrupt();
  // Four bytes are read at once; beyond the end of an array that is slow.
  const bytes = Buffer.alloc(stream.length + 4);
  stream.copy(bytes);
  return { bytes, left: stream.length * 8 - 8 + highBit(last) };
}

/** The next bits, up to 31, as a number; zeros beyond the start of the stream. */
export function readBits(bits: Bits, count: number): number {
  if (count > 24) {
    const high = readBits(bits, count - 16);
    return high * 65_536 + readBits(bits, 16);
  }
  bits.left -= count;
  return bitsAt(bits.bytes, bits.left, count);
}

/** Bits at a place, up to 24. */
function bitsAt(bytes: Buffer, place: number, count: number): number {
  const mask = (1 << count) - 1;
  if (place < 0) return place <= -count ? 0 : (bytesAt(bytes, 0) << -place) & mask;
  return (bytesAt(bytes, place >> 3) >>> (place & 7)) & mask;
}

/** Four bytes, least significant first; zeros beyond the end. */
function bytesAt(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** Place of the highest bit that is set. */
export function highBit(value: number): number {
  return 31 - Math.clz32(value);
}

/** A table of finite state entropy: what each state stands for, and where it leads. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly next: Uint16Array;
}

/** The table for these probabilities; -1 means less than one. */
export function fseTable(probabilities: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const table: FseTable = {
    log,
    symbols: new Uint8Array(size),
    bits: new Uint8Array(size),
    next: new Uint16Array(size),
  };
  const counts = new Uint16Array(probabilities.length);
  let high = size;
  probabilities.forEach((probability, symbol) => {
    if (probability !== -1) return;
    high -= 1;
    table.symbols[high] = symbol;
    counts[symbol] = 1;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  probabilities.forEach((probability, symbol) => {
    if (probability <= 0) return;
    counts[symbol] = probability;
    for (let count = 0; count < probability; count += 1) {
      table.symbols[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= high);
    }
  });
  for (let state = 0; state < size; state += 1) {
    const symbol = table.symbols[state] ?? 0;
    const count = counts[symbol] ?? 0;
    counts[symbol] = count + 1;
    const bits = log - highBit(count);
    table.bits[state] = bits;
    table.next[state] = (count << bits) - size;
  }
  return table;
}

/** A table of one symbol. */
export function singleTable(symbol: number): FseTable {
  const symbols = Uint8Array.of(symbol);
  return { log: 0, symbols, bits: new Uint8Array(1), next: new Uint16Array(1) };
}

/** Reads a table's description; `used` is its length in bytes. */
export function readFseTable(
  bytes: Buffer,
  maxLog: number,
  maxSymbol: number,
): { readonly table: FseTable; readonly used: number } {
  const log = ((bytes[0] ?? 0) & 15) + 5;
  if (log > maxLog) throw corrupt();
  let place = 4;
  let remaining = 1 << log;
  const probabilities: number[] = [];
  while (remaining > 0) {
    if (probabilities.length > maxSymbol || place > bytes.length * 8) throw corrupt();
    const width = highBit(remaining + 1) + 1;
    const low = (1 << (width - 1)) - 1;
    const threshold = (1 << width) - 2 - remaining;
    let value = bitsAt(bytes, place, width);
    const short = (value & low) < threshold;
    place += short ? width - 1 : width;
    if (short) value &= low;
    else if (value > low) value -= threshold;
    const probability = value - 1;
    remaining -= Math.abs(probability);
    probabilities.push(probability);
    for (let more = probability === 0 ? 3 : 0; more === 3; ) {
      more = bitsAt(bytes, place, 2);
      place += 2;
      for (let count = 0; count < more; count += 1) probabilities.push(0);
      if (probabilities.length > 256) throw corrupt();
    }
  }
  const used = (place + 7) >> 3;
  if (remaining < 0 || probabilities.length > maxSymbol + 1 || used > bytes.length) throw corrupt();
  return { table: fseTable(probabilities, log), used };
}

/** A Huffman code: symbol and length for every sequence of `log` bits. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly lengths: Uint8Array;
}

/** Reads a code's description; `used` is its length in bytes. */
export function readHuffmanTable(bytes: Buffer): {
  readonly table: HuffmanTable;
  readonly used: number;
} {
  const head = bytes[0] ?? 0;
  const used = 1 + (head >= 128 ? (head - 126) >> 1 : head);
  if (used > bytes.length) throw corrupt();
  const described = bytes.subarray(1, used);
  const weights =
    head >= 128
      ? Array.from({ length: head - 127 }, (_, index) => {
          const pair = described[index >> 1] ?? 0;
          return index % 2 === 0 ? pair >> 4 : pair & 15;
        })
      : readWeights(described);
  return { table: huffmanTable(weights), used };
}

/** Two states take turns until the bits are used up. */
function readWeights(bytes: Buffer): number[] {
  const { table, used } = readFseTable(bytes, 6, 255);
  const bits = bitsOf(bytes.subarray(used));
  const states = [readBits(bits, table.log), readBits(bits, table.log)];
  const weights: number[] = [];
  for (let turn = 0; weights.length < 255; turn = 1 - turn) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    states[turn] = (table.next[state] ?? 0) + readBits(bits, table.bits[state] ?? 0);
    if (bits.left < 0) {
      weights.push(table.symbols[states[1 - turn] ?? 0] ?? 0);
      return weights;
    }
  }
  throw corrupt();
}

/** The last weight is what is missing to a power of two. */
function huffmanTable(weights: readonly number[]): HuffmanTable {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 1 << (weight - 1) : 0), 0);
  const log = highBit(sum) + 1;
  const left = (1 << log) - sum;
  if (sum === 0 || log > 11 || (left & (left - 1)) !== 0) throw corrupt();
  const all = [...weights, highBit(left) + 1];
  if (all.length > 256) throw corrupt();
  const symbols = new Uint8Array(1 << log);
  const lengths = new Uint8Array(1 << log);
  let place = 0;
  for (let weight = 1; weight <= log; weight += 1) {
    all.forEach((candidate, symbol) => {
      if (candidate !== weight) return;
      const end = place + (1 << (weight - 1));
      symbols.fill(symbol, place, end);
      lengths.fill(log + 1 - weight, place, end);
      place = end;
    });
  }
  return { log, symbols, lengths };
}

/** Fills `out` from `start` to `end` with what the bytes stand for. */
export function decodeHuffman(
  table: HuffmanTable,
  bytes: Buffer,
  out: Buffer,
  [start, end]: readonly [number, number],
): void {
  const { log, symbols, lengths } = table;
  const bits = bitsOf(bytes);
  let { left } = bits;
  for (let index = start; index < end; index += 1) {
    const code = bitsAt(bits.bytes, left - log, log);
    out[index] = symbols[code] ?? 0;
    left -= lengths[code] ?? 0;
  }
  if (left !== 0) throw corrupt();
}

/** The failure for bytes that no encoder makes. */
export function corrupt(): Error {
  return new Error("corrupt zstd data");
}
