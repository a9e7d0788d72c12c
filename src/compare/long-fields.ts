/**
 * Fields of COPY text that are too long to become strings: their text leaves memory piece by piece. Knows no files.
 */
import { isUtf8 } from "node:buffer";
import { type Datum, LONG_BYTES, type LongText } from "./change.ts";
import { decodeField, decodeRow, type RowShape, wrongWidth } from "./decode.ts";
import { fieldEnd } from "./fields.ts";
import { unescapeField } from "./line-key.ts";

/** Takes a text in pieces of its UTF-8, each valid until the next one is asked for. At once: lines are valid during a call only. */
export type PutAside = (pieces: Iterable<Buffer>) => LongText;

/** What a row is decoded with. */
export interface LongFields {
  readonly putAside: PutAside;
  /** By position: what brings a text to canonical form, where its type has several. */
  readonly canonical: readonly (((text: string) => string) | undefined)[];
  /** Positions of columns whose values stay strings. */
  readonly kept: ReadonlySet<number>;
}

/** The value of the field from `start` up to `end` in canonical form. */
export function longField(
  { putAside, canonical, kept }: LongFields,
  position: number,
  field: Buffer,
): Datum {
  const rewrite = canonical[position];
  const isShort = field.length <= LONG_BYTES || kept.has(position) || !isUtf8(field);
  if (isShort || (rewrite && !isHex(field))) {
    const value = decodeField(field, 0, field.length);
    if (typeof value !== "string") return value;
    const text = rewrite ? rewrite(value) : value;
    if (isShort && !rewrite) return text;
    return kept.has(position) || Buffer.byteLength(text) <= LONG_BYTES
      ? text
      : putAside([Buffer.from(text)]);
  }
  if (field.length <= 2 * LONG_BYTES && textBytes(field) <= LONG_BYTES)
    return unescapeField(field.toString());
  return putAside(unescaped(field));
}

/** No field of a shorter line is long, whatever its canonical form is: that of bytea has two digits for a byte. */
export function mayBeLong({ length }: Buffer): boolean {
  return length > LONG_BYTES / 4;
}

/** As `decodeRow`, in canonical form. @throws ExpectedError `row_width` */
export function decodeLongRow(fields: LongFields, line: Buffer, shape: RowShape): Datum[] {
  if (!mayBeLong(line))
    return decodeRow(line, shape).map((value, position) => {
      const rewrite = fields.canonical[position];
      return rewrite && typeof value === "string" ? rewrite(value) : value;
    });
  const row: Datum[] = [];
  for (let start = 0; ; ) {
    const end = fieldEnd(line, start);
    row.push(longField(fields, row.length, line.subarray(start, end)));
    if (end === line.length) break;
    start = end + 1;
  }
  if (row.length === shape.width) return row;
  throw wrongWidth(row.length, shape);
}

const BACKSLASH = 0x5c;
const LETTER_X = 0x78;

/** bytea as PostgreSQL prints it today, the backslash escaped: canonical already. No text of another such type begins so. */
function isHex(field: Buffer): boolean {
  return field[0] === BACKSLASH && field[1] === BACKSLASH && field[2] === LETTER_X;
}

function textBytes(field: Buffer): number {
  let bytes = field.length;
  for (let at = field.indexOf(BACKSLASH); at >= 0; at = field.indexOf(BACKSLASH, at + 2))
    bytes -= 1;
  return bytes;
}

const PIECE = 262_144;

/** What the field stands for. See: docs, "COPY", text format. */
function* unescaped(field: Buffer): Generator<Buffer> {
  const first = field.indexOf(BACKSLASH);
  const plain = first < 0 ? field.length : first;
  for (let at = 0; at < plain; at += PIECE) yield field.subarray(at, Math.min(at + PIECE, plain));
  if (first < 0) return;
  const piece = Buffer.allocUnsafeSlow(PIECE);
  let length = 0;
  for (let at = first; at < field.length; at += 1) {
    let byte = field[at] ?? 0;
    if (byte === BACKSLASH) {
      at += 1;
      byte = meaningOf(field[at] ?? BACKSLASH);
    }
    piece[length] = byte;
    length += 1;
    if (length < PIECE) continue;
    yield piece;
    length = 0;
  }
  yield piece.subarray(0, length);
}

function meaningOf(letter: number): number {
  switch (letter) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    case 0x76:
      return 0x0b;
    default:
      return letter;
  }
}
