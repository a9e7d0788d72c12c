/**
 * One row of INSERT values as one line of COPY text. Works on UTF-8 bytes that hold the row as a whole.
 */
import type { Damage } from "../copy-text.ts";

/** Where values are read, and where lines go. */
export interface RowReader {
  /** Bytes of SQL. */
  input: Buffer;
  /** COPY text; `written` bytes of it are filled. */
  output: Buffer;
  written: number;
  /** False if a backslash escapes in plain literals. */
  readonly standardStrings: boolean;
  readonly damage: Damage;
  /** Kind, start and end of each value of the row, three places each. */
  values: Int32Array;
  count: number;
}

/** Says that the bytes end within a row. */
export const INCOMPLETE = -1;

const NULL = 0;
const RAW = 1;
const LITERAL = 2;
const ESCAPED = 3;
const TRUE = 4;
const FALSE = 5;
const DEFAULT = 6;

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const CLOSE = 0x29;

const WORDS: Readonly<Record<string, number>> = {
  null: NULL,
  true: TRUE,
  false: FALSE,
  default: DEFAULT,
};

/** Reads the values between the parenthesis before `at` and the one that closes it; returns the place after, or INCOMPLETE. */
export function readRow(reader: RowReader, at: number): number {
  reader.count = 0;
  for (let index = at; ; index += 1) {
    index = skipSpace(reader.input, index);
    index = readValue(reader, index);
    if (index === INCOMPLETE) return INCOMPLETE;
    index = skipSpace(reader.input, index);
    const byte = reader.input[index];
    if (byte === undefined) return INCOMPLETE;
    if (byte === CLOSE) return index + 1;
    if (byte !== COMMA) throw notPlain(reader);
  }
}

/** The first place from `at` on that is no white space. */
export function skipSpace(bytes: Buffer, at: number): number {
  let index = at;
  for (
    let byte = bytes[index];
    byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
  ) {
    index += 1;
    byte = bytes[index];
  }
  return index;
}

function readValue(reader: RowReader, at: number): number {
  const { input, standardStrings } = reader;
  const byte = input[at];
  const next = input[at + 1];
  if (byte === undefined || next === undefined) return INCOMPLETE;
  if (byte === QUOTE) return readLiteral(reader, at + 1, standardStrings ? LITERAL : ESCAPED);
  if (next === QUOTE) {
    const prefix = byte | 0x20;
    if (prefix === 0x65) return readLiteral(reader, at + 2, ESCAPED);
    // B'101' prints as 101; N'text' is text.
    if (prefix === 0x62 || prefix === 0x6e) return readLiteral(reader, at + 2, LITERAL);
    throw notPlain(reader);
  }
  return readBare(reader, at);
}

function readLiteral(reader: RowReader, start: number, kind: number): number {
  const { input } = reader;
  for (let index = start; ; ) {
    const quote = kind === LITERAL ? input.indexOf(QUOTE, index) : escapedEnd(input, index);
    // The byte after tells whether the quote is doubled.
    if (quote < 0 || quote + 1 >= input.length) return INCOMPLETE;
    if (input[quote + 1] !== QUOTE) {
      note(reader, kind, start, quote);
      return quote + 1;
    }
    index = quote + 2;
  }
}

/** The next quote that no backslash escapes. */
function escapedEnd(input: Buffer, start: number): number {
  for (let index = start; index < input.length; index += 1) {
    const byte = input[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) index += 1;
  }
  return -1;
}

/** A number, NULL, true, false or DEFAULT. */
function readBare(reader: RowReader, at: number): number {
  const { input } = reader;
  let end = at;
  let numeric = true;
  for (; ; end += 1) {
    const byte = input[end];
    if (byte === undefined) return INCOMPLETE;
    if (byte === COMMA || byte === CLOSE) break;
    numeric &&= NUMERIC[byte] === 1;
    if (end - at > MAX_BARE_BYTES) throw notPlain(reader);
  }
  let trimmed = end;
  while (trimmed > at && (input[trimmed - 1] ?? 0) <= 0x20) trimmed -= 1;
  const kind = numeric ? RAW : WORDS[input.toString("latin1", at, trimmed).toLowerCase()];
  if (kind === undefined || trimmed === at) throw notPlain(reader);
  note(reader, kind, at, trimmed);
  return end;
}

/** A numeric value has up to 147,455 digits. */
const MAX_BARE_BYTES = 200_000;
const NUMERIC = new Uint8Array(256);
for (const byte of Buffer.from("0123456789+-.eE \n\t")) NUMERIC[byte] = 1;

function note(reader: RowReader, kind: number, start: number, end: number): void {
  const place = reader.count * 3;
  if (place + 3 > reader.values.length) {
    const more = new Int32Array(reader.values.length * 2);
    more.set(reader.values);
    reader.values = more;
  }
  reader.values[place] = kind;
  reader.values[place + 1] = start;
  reader.values[place + 2] = end;
  reader.count += 1;
}

/** Writes the fields at these places of the row as a line. */
export function writeLine(reader: RowReader, picks: readonly number[]): void {
  let size = 1;
  for (const pick of picks) size += valueSize(reader, pick);
  if (reader.written + size > reader.output.length) {
    const more = Buffer.allocUnsafe(Math.max(reader.output.length * 2, reader.written + size));
    reader.output.copy(more, 0, 0, reader.written);
    reader.output = more;
  }
  for (let index = 0; index < picks.length; index += 1) {
    if (index > 0) put(reader, 0x09);
    writeValue(reader, picks[index] ?? 0);
  }
  put(reader, 0x0a);
}

/** Room for a value and its TAB: each byte may need a backslash. */
function valueSize({ values }: RowReader, pick: number): number {
  return 2 * ((values[pick * 3 + 2] ?? 0) - (values[pick * 3 + 1] ?? 0)) + 3;
}

function writeValue(reader: RowReader, pick: number): void {
  const { values } = reader;
  const start = values[pick * 3 + 1] ?? 0;
  const end = values[pick * 3 + 2] ?? 0;
  switch (values[pick * 3]) {
    case NULL:
      put(reader, BACKSLASH);
      put(reader, 0x4e);
      return;
    case TRUE:
      put(reader, 0x74);
      return;
    case FALSE:
      put(reader, 0x66);
      return;
    case RAW:
      for (let index = start; index < end; index += 1) put(reader, reader.input[index] ?? 0);
      return;
    case LITERAL:
      writeLiteral(reader, start, end);
      return;
    case ESCAPED:
      writeEscaped(reader, start, end);
      return;
    default:
      throw reader.damage("a row has DEFAULT where a value is needed");
  }
}

function put(reader: RowReader, byte: number): void {
  reader.output[reader.written] = byte;
  reader.written += 1;
}

/** What COPY writes after a backslash instead of these bytes; 0 for bytes that stand for themselves. */
const ESCAPES = new Uint8Array(256);
for (const [byte, letter] of Object.entries({
  8: "b",
  9: "t",
  10: "n",
  11: "v",
  12: "f",
  13: "r",
})) {
  ESCAPES[Number(byte)] = letter.charCodeAt(0);
}
ESCAPES[BACKSLASH] = BACKSLASH;

function writeLiteral(reader: RowReader, start: number, end: number): void {
  const { input, output } = reader;
  let { written } = reader;
  for (let index = start; index < end; index += 1) {
    const byte = input[index] ?? 0;
    const letter = ESCAPES[byte] ?? 0;
    if (letter !== 0) {
      output[written] = BACKSLASH;
      output[written + 1] = letter;
      written += 2;
    } else {
      output[written] = byte;
      written += 1;
      // A quote is always doubled here.
      if (byte === QUOTE) index += 1;
    }
  }
  reader.written = written;
}

/** See: PostgreSQL docs, "String Constants with C-Style Escapes". */
function writeEscaped(reader: RowReader, start: number, end: number): void {
  const text = reader.input.toString("latin1", start, end);
  const plain = text.replace(
    /''|\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/g,
    (_, octal?: string, hex?: string, short?: string, long?: string, letter?: string) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      const point = short ?? long;
      if (point !== undefined) return unicode(reader, Number.parseInt(point, 16));
      return letter === undefined ? "'" : (LETTERS[letter] ?? letter);
    },
  );
  for (let index = 0; index < plain.length; index += 1) {
    const byte = plain.charCodeAt(index);
    const letter = ESCAPES[byte] ?? 0;
    if (letter !== 0) put(reader, BACKSLASH);
    put(reader, letter === 0 ? byte : letter);
  }
}

const LETTERS: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** The UTF-8 bytes of a character, each as a character of its own. */
function unicode(reader: RowReader, point: number): string {
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) throw notPlain(reader);
  return Buffer.from(String.fromCodePoint(point)).toString("latin1");
}

function notPlain(reader: RowReader): Error {
  return reader.damage("an INSERT holds something else than plain values");
}
