/**
 * The key of a line as bytes, so that lines are hashed and matched without decoding a row. Knows the escapes of COPY text;
 * which types need a canonical form is decided elsewhere.
 */
import { isUtf8 } from "node:buffer";
import { ExpectedError } from "../errors.ts";
import { LF, TAB } from "./line.ts";

const SEPARATOR = Buffer.of(TAB);

/** The bytes of one key: a part of the line itself, or of `scratch`. Reused from line to line by whoever owns it. */
export interface KeyRange {
  bytes: Buffer;
  start: number;
  end: number;
  /** Room for a key that is not one part of its line. */
  scratch: Buffer;
}

/**
 * Sets `key` to the key of the line from `start` up to `end`, its LF. Two keys are equal exactly when their bytes are, also across
 * the two sides. What it sets is valid until the line goes away or the same `key` is set again. The line is not changed.
 */
export type KeyOf = (line: Buffer, start: number, end: number, key: KeyRange) => void;

/** One column of a key. */
export interface KeyField {
  /** Position among the fields of a line, from 0. */
  readonly index: number;
  /** For types whose equal values may be spelled differently: the text that stands for all of them. Absent: bytes decide. */
  readonly canonical?: (text: string) => string;
}

/** A key range that belongs to no line yet. */
export function emptyKey(): KeyRange {
  const none = Buffer.alloc(0);
  return { bytes: none, start: 0, end: 0, scratch: none };
}

/** The whole line is its key. */
export const wholeLine: KeyOf = (line, start, end, key) => {
  key.bytes = line;
  key.start = start;
  key.end = end;
};

/**
 * The key made of the given fields, in the given order, which must be the same on both sides. NULL equals NULL and nothing else.
 * Fields that follow each other and need no canonical form, such as an `id` in front, cost no copy.
 *
 *     [{index: 0}, {index: 1}]                     of "7\t8\tx" is "7\t8", in place
 *     [{index: 2}, {index: 0, canonical: shorten}] of "1.0\ta\tx" is "x\t1", in scratch
 */
export function lineKey(fields: readonly KeyField[]): KeyOf {
  const [first] = fields;
  if (!first) throw new Error("a key has at least one field");
  const inPlace = fields.every(
    ({ index, canonical }, at) => index === first.index + at && !canonical,
  );
  return inPlace ? adjacentFields(first.index, fields.length) : gatheredFields(fields);
}

function adjacentFields(first: number, count: number): KeyOf {
  return (line, start, _end, key) => {
    const from = fieldStart(line, start, first);
    key.bytes = line;
    key.start = from;
    key.end = fieldEnd(line, count === 1 ? from : fieldStart(line, from, count - 1));
  };
}

/** Where the field begins that comes `skip` fields after the one at `start`. */
function fieldStart(line: Buffer, start: number, skip: number): number {
  let at = start;
  for (let left = skip; left > 0; left -= 1) {
    at = fieldEnd(line, at) + 1;
    if (line[at - 1] === LF) {
      throw new ExpectedError({ code: "row_width", reason: "it has fewer fields than its key" });
    }
  }
  return at;
}

/** The TAB or LF behind the field at `start`. */
function fieldEnd(line: Buffer, start: number): number {
  let at = start;
  while (line[at] !== TAB && line[at] !== LF) {
    if (at >= line.length) throw new Error("a line of COPY text does not end with LF");
    at += 1;
  }
  return at;
}

function gatheredFields(fields: readonly KeyField[]): KeyOf {
  return (line, start, _end, key) => {
    key.start = 0;
    key.end = 0;
    for (let at = 0; at < fields.length; at += 1) {
      const { index = 0, canonical } = fields[at] ?? {};
      const from = fieldStart(line, start, index);
      const field = line.subarray(from, fieldEnd(line, from));
      if (at > 0) append(key, SEPARATOR);
      append(key, canonical ? canonicalField(field, canonical) : field);
    }
    key.bytes = key.scratch;
  };
}

function append(key: KeyRange, piece: Buffer): void {
  const end = key.end + piece.length;
  if (end > key.scratch.length) {
    const larger = Buffer.allocUnsafeSlow(Math.max(64, 2 * end));
    key.scratch.copy(larger, 0, 0, key.end);
    key.scratch = larger;
  }
  piece.copy(key.scratch, key.end);
  key.end = end;
}

/** The field in canonical form, escaped again. NULL, and bytes that are not UTF-8, stay as they are. */
function canonicalField(field: Buffer, canonical: (text: string) => string): Buffer {
  if (!isUtf8(field)) return field;
  const escaped = field.toString();
  if (escaped === "\\N") return field;
  return Buffer.from(escapeField(canonical(unescapeField(escaped))));
}

const MEANING = new Map([
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);
const SPELLING = new Map([...MEANING].map(([letter, character]) => [character, `\\${letter}`]));

/** What a field of COPY text, other than NULL, stands for. See: docs, "COPY", text format. */
export function unescapeField(escaped: string): string {
  if (!escaped.includes("\\")) return escaped;
  return escaped.replace(/\\(.)/gs, (_, letter: string) => MEANING.get(letter) ?? letter);
}

/** The text as COPY ... TO prints it in a field. */
export function escapeField(text: string): string {
  return text.replace(/[\b\f\n\r\t\v\\]/g, (character) => SPELLING.get(character) ?? "\\\\");
}
