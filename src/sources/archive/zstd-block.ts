/**
 * Compressed blocks of zstd: literals, and sequences that copy them and what was decoded before. See: RFC 8878,
 * "Compressed Blocks".
 */
import {
  bitsOf,
  corrupt,
  decodeHuffman,
  type FseTable,
  fseTable,
  type HuffmanTable,
  readBits,
  readFseTable,
  readHuffmanTable,
  singleTable,
} from "./zstd-entropy.ts";

/** What one block leaves for the next of its frame. */
export interface ZstdState {
  huffman: HuffmanTable | undefined;
  readonly tables: { literals: FseTable; offsets: FseTable; matches: FseTable };
  readonly offsets: [number, number, number];
}

/** Where a block is decoded to. */
export interface ZstdOutput {
  readonly bytes: Buffer;
  /** Where the frame's content starts in `bytes`; nothing before is looked at. */
  readonly start: number;
  end: number;
}

/** Most bytes that a block decodes to. */
export const MAX_BLOCK_BYTES = 131_072;

const DEFAULT_LITERALS = fseTable(
  [
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
    -1, -1, -1, -1,
  ],
  6,
);
const DEFAULT_MATCHES = fseTable(
  [
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
  ],
  6,
);
const DEFAULT_OFFSETS = fseTable(
  [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
  5,
);

/** Extra bits of each code; a code's first length is where the one before ends. */
const LITERAL_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12,
  13, 14, 15, 16,
];
const MATCH_BITS = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
];
const LITERAL_BASES = bases(LITERAL_BITS, 0);
const MATCH_BASES = bases(MATCH_BITS, 3);

function bases(bits: readonly number[], first: number): readonly number[] {
  let base = first;
  return bits.map((count) => {
    const own = base;
    base += 2 ** count;
    return own;
  });
}

/** The state at the start of a frame. */
export function startZstd(): ZstdState {
  return {
    huffman: undefined,
    tables: {
      literals: DEFAULT_LITERALS,
      offsets: DEFAULT_OFFSETS,
      matches: DEFAULT_MATCHES,
    },
    offsets: [1, 4, 8],
  };
}

/** Decodes one compressed block to the end of `output`, which must have room for MAX_BLOCK_BYTES. */
export function decodeZstdBlock(state: ZstdState, block: Buffer, output: ZstdOutput): void {
  const { literals, used } = readLiterals(state, block);
  const limit = output.end + MAX_BLOCK_BYTES;
  const rest = block.subarray(used);
  const { count, length } = sequenceCount(rest);
  if (count === 0) {
    if (length !== rest.length) throw corrupt();
    append(output, literals, limit);
    return;
  }
  const tables = readTables(state, rest, length);
  const at = runSequences({ state, bytes: rest.subarray(tables), count, literals, output, limit });
  append(output, literals.subarray(at), limit);
}

function append(output: ZstdOutput, literals: Buffer, limit: number): void {
  if (output.end + literals.length > limit) throw corrupt();
  output.end += literals.copy(output.bytes, output.end);
}

interface Literals {
  readonly literals: Buffer;
  /** Bytes of the block that describe them. */
  readonly used: number;
}

function readLiterals(state: ZstdState, block: Buffer): Literals {
  const head = block[0] ?? 0;
  const format = (head >> 2) & 3;
  if ((head & 2) !== 0) return readPackedLiterals(state, block);
  const size = format === 1 ? 2 : format === 3 ? 3 : 1;
  if (block.length < size) throw corrupt();
  const number = block.readUIntLE(0, size);
  const length = number >> (size === 1 ? 3 : 4);
  if (length > MAX_BLOCK_BYTES) throw corrupt();
  if ((head & 1) === 1) {
    if (block.length <= size) throw corrupt();
    return { literals: Buffer.alloc(length, block[size]), used: size + 1 };
  }
  if (size + length > block.length) throw corrupt();
  return { literals: block.subarray(size, size + length), used: size + length };
}

function readPackedLiterals(state: ZstdState, block: Buffer): Literals {
  const head = block[0] ?? 0;
  const format = (head >> 2) & 3;
  const size = format < 2 ? 3 : format + 2;
  const width = [10, 10, 14, 18][format] ?? 0;
  if (block.length < size) throw corrupt();
  const number = Math.floor(block.readUIntLE(0, size) / 16);
  const length = number % 2 ** width;
  const packed = Math.floor(number / 2 ** width);
  if (length > MAX_BLOCK_BYTES || size + packed > block.length) throw corrupt();
  let bytes = block.subarray(size, size + packed);
  if ((head & 1) === 0) {
    const { table, used } = readHuffmanTable(bytes);
    state.huffman = table;
    bytes = bytes.subarray(used);
  }
  if (!state.huffman) throw corrupt();
  const literals = Buffer.allocUnsafe(length);
  if (format === 0) decodeHuffman(state.huffman, bytes, literals, [0, length]);
  else decodeStreams(state.huffman, bytes, literals);
  return { literals, used: size + packed };
}

/** Four streams, each of a quarter of the literals. */
function decodeStreams(table: HuffmanTable, bytes: Buffer, literals: Buffer): void {
  if (bytes.length < 6) throw corrupt();
  const quarter = (literals.length + 3) >> 2;
  let at = 6;
  for (let stream = 0; stream < 4; stream += 1) {
    const end = stream < 3 ? at + bytes.readUInt16LE(stream * 2) : bytes.length;
    const range = [
      Math.min(quarter * stream, literals.length),
      stream < 3 ? Math.min(quarter * (stream + 1), literals.length) : literals.length,
    ] as const;
    if (end > bytes.length) throw corrupt();
    decodeHuffman(table, bytes.subarray(at, end), literals, range);
    at = end;
  }
}

function sequenceCount(bytes: Buffer): { readonly count: number; readonly length: number } {
  const [first, second = 0, third = 0] = bytes;
  if (first === undefined) throw corrupt();
  if (first < 128) return { count: first, length: 1 };
  if (first < 255) return { count: (first - 128) * 256 + second, length: 2 };
  return { count: second + third * 256 + 0x7f00, length: 3 };
}

/** Takes the tables over into the state; returns where the sequences start. */
function readTables(state: ZstdState, bytes: Buffer, start: number): number {
  const modes = bytes[start] ?? 0;
  if ((modes & 3) !== 0) throw corrupt();
  let at = start + 1;
  const read = (mode: number, before: FseTable, kind: TableKind): FseTable => {
    if (mode === 0) return kind.table;
    if (mode === 3) return before;
    if (mode === 1) {
      const symbol = bytes[at] ?? 255;
      if (symbol > kind.maxSymbol) throw corrupt();
      at += 1;
      return singleTable(symbol);
    }
    const { table, used } = readFseTable(bytes.subarray(at), kind.maxLog, kind.maxSymbol);
    at += used;
    return table;
  };
  const { tables } = state;
  tables.literals = read(modes >> 6, tables.literals, LITERALS);
  tables.offsets = read((modes >> 4) & 3, tables.offsets, OFFSETS);
  tables.matches = read((modes >> 2) & 3, tables.matches, MATCHES);
  return at;
}

interface TableKind {
  readonly table: FseTable;
  readonly maxLog: number;
  readonly maxSymbol: number;
}

const LITERALS: TableKind = { table: DEFAULT_LITERALS, maxLog: 9, maxSymbol: 35 };
const OFFSETS: TableKind = { table: DEFAULT_OFFSETS, maxLog: 8, maxSymbol: 31 };
const MATCHES: TableKind = { table: DEFAULT_MATCHES, maxLog: 9, maxSymbol: 52 };

/** No window is larger than 128 MiB. */
const MAX_OFFSET_CODE = 28;

interface Run {
  readonly state: ZstdState;
  readonly bytes: Buffer;
  readonly count: number;
  readonly literals: Buffer;
  readonly output: ZstdOutput;
  readonly limit: number;
}

/** Copies literals and matches; returns how many literals were used. */
function runSequences({ state, bytes, count, literals, output, limit }: Run): number {
  const bits = bitsOf(bytes);
  const { literals: ll, offsets: of, matches: ml } = state.tables;
  let literalState = readBits(bits, ll.log);
  let offsetState = readBits(bits, of.log);
  let matchState = readBits(bits, ml.log);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const offsetCode = of.symbols[offsetState] ?? 0;
    const matchCode = ml.symbols[matchState] ?? 0;
    const literalCode = ll.symbols[literalState] ?? 0;
    if (offsetCode > MAX_OFFSET_CODE) throw corrupt();
    const value = (1 << offsetCode) + readBits(bits, offsetCode);
    const match = (MATCH_BASES[matchCode] ?? 0) + readBits(bits, MATCH_BITS[matchCode] ?? 0);
    const run = (LITERAL_BASES[literalCode] ?? 0) + readBits(bits, LITERAL_BITS[literalCode] ?? 0);
    if (index + 1 < count) {
      literalState = (ll.next[literalState] ?? 0) + readBits(bits, ll.bits[literalState] ?? 0);
      matchState = (ml.next[matchState] ?? 0) + readBits(bits, ml.bits[matchState] ?? 0);
      offsetState = (of.next[offsetState] ?? 0) + readBits(bits, of.bits[offsetState] ?? 0);
    }
    const offset = nextOffset(state.offsets, value, run);
    const end = output.end + run;
    if (at + run > literals.length || end + match > limit || offset > end - output.start) {
      throw corrupt();
    }
    copyLiterals(literals, at, output, run);
    at += run;
    copyMatch(output.bytes, end, offset, match);
    output.end = end + match;
  }
  if (bits.left !== 0) throw corrupt();
  return at;
}

/** Small values stand for the last three offsets. See: RFC 8878, "Repeat Offsets". */
function nextOffset(recent: [number, number, number], value: number, run: number): number {
  const first = recent[0];
  const second = recent[1];
  if (value > 3) {
    recent[2] = second;
    recent[1] = first;
    recent[0] = value - 3;
    return value - 3;
  }
  const pick = value - 1 + (run === 0 ? 1 : 0);
  if (pick === 0) return first;
  const offset = pick === 1 ? second : pick === 2 ? recent[2] : first - 1;
  if (offset === 0) throw corrupt();
  if (pick > 1) recent[2] = second;
  recent[1] = first;
  recent[0] = offset;
  return offset;
}

/** Short runs are the rule, and a call into native code costs more than they do. */
function copyLiterals(literals: Buffer, at: number, output: ZstdOutput, length: number): void {
  const { bytes, end } = output;
  if (length > 48) literals.copy(bytes, end, at, at + length);
  else
    for (let index = 0; index < length; index += 1) bytes[end + index] = literals[at + index] ?? 0;
}

/** A match may run into the bytes that it makes. */
function copyMatch(bytes: Buffer, end: number, offset: number, length: number): void {
  const from = end - offset;
  if (length > 48 && offset >= length) bytes.copyWithin(end, from, from + length);
  else
    for (let index = 0; index < length; index += 1) bytes[end + index] = bytes[from + index] ?? 0;
}
