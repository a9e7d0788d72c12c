/**
 * One line of COPY text as values. Only lines that differ come here.
 */
import { isUtf8 } from "node:buffer";
import { ExpectedError } from "../errors.ts";
import type { TableName } from "../names.ts";
import { type Datum, isLong } from "./change.ts";
import { fieldEnd, SHORT } from "./fields.ts";
import { unescapeField } from "./line-key.ts";

/** The fields of a line without its LF: NULL for `\N`, text where the bytes are UTF-8, else base64 of the bytes. */
export function decodeLine(line: Buffer): Datum[] {
  const fields: Datum[] = [];
  for (let start = 0; ; ) {
    const end = fieldEnd(line, start);
    fields.push(decodeField(line, start, end));
    if (end === line.length) return fields;
    start = end + 1;
  }
}

/** The value of the field from `start` up to `end`. */
export function decodeField(line: Buffer, start: number, end: number): Datum {
  if (isPlain(line, start, end)) return line.toString("latin1", start, end);
  const field = line.subarray(start, end);
  if (isUtf8(field)) {
    const text = field.toString("utf8");
    return text === "\\N" ? null : unescapeField(text);
  }
  const bytes = Buffer.from(unescapeField(field.toString("latin1")), "latin1");
  return { base64: bytes.toString("base64") };
}

const BACKSLASH = 0x5c;

/** Whether a short field is ASCII and nothing in it is escaped, so that it is its own text. */
function isPlain(line: Buffer, start: number, end: number): boolean {
  if (end - start > SHORT) return false;
  for (let at = start; at < end; at += 1) {
    const byte = line[at] ?? BACKSLASH;
    if (byte >= 0x80 || byte === BACKSLASH) return false;
  }
  return true;
}

/** What the rows of one side are, to tell of one that is damaged. */
export interface RowShape {
  readonly width: number;
  readonly table?: TableName;
  readonly side: "production" | "local";
}

/**
 * The fields of a line, exactly as many as there are columns: with one more or less, values would move to other columns.
 *
 * @throws ExpectedError `row_width`.
 */
export function decodeRow(line: Buffer, shape: RowShape): Datum[] {
  if (shape.width === 0 && line.length === 0) return [];
  const row = decodeLine(line);
  if (row.length === shape.width) return row;
  throw wrongWidth(row.length, shape);
}

/** What is thrown of a row with so many fields. */
export function wrongWidth(found: number, { width, table, side }: RowShape): ExpectedError {
  return new ExpectedError({
    code: "row_width",
    ...(table ? { table } : {}),
    side,
    reason: `it has ${found} instead of ${width}`,
  });
}

/** Equal as data: NULL equals NULL. */
export function sameDatum(a: Datum, b: Datum): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a === "string" || typeof b === "string") return false;
  if (isLong(a) || isLong(b)) return isLong(a) && isLong(b) && a.long.sha256 === b.long.sha256;
  return a.base64 === b.base64;
}
