/**
 * One line of COPY text as values. Only lines that differ come here.
 */
import { isUtf8 } from "node:buffer";
import { ExpectedError } from "../errors.ts";
import type { TableName } from "../names.ts";
import type { Datum } from "./change.ts";
import { TAB } from "./line.ts";
import { unescapeField } from "./line-key.ts";

/** The fields of a line without its LF: NULL for `\N`, text where the bytes are UTF-8, else base64 of the bytes. */
export function decodeLine(line: Buffer): Datum[] {
  const fields: Datum[] = [];
  for (let start = 0; ; ) {
    const tab = line.indexOf(TAB, start);
    fields.push(decodeField(line.subarray(start, tab < 0 ? line.length : tab)));
    if (tab < 0) return fields;
    start = tab + 1;
  }
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
export function decodeRow(line: Buffer, { width, table, side }: RowShape): Datum[] {
  if (width === 0 && line.length === 0) return [];
  const row = decodeLine(line);
  if (row.length === width) return row;
  throw new ExpectedError({
    code: "row_width",
    ...(table ? { table } : {}),
    side,
    reason: `it has ${row.length} instead of ${width}`,
  });
}

function decodeField(field: Buffer): Datum {
  if (isUtf8(field)) {
    const text = field.toString("utf8");
    return text === "\\N" ? null : unescapeField(text);
  }
  const bytes = Buffer.from(unescapeField(field.toString("latin1")), "latin1");
  return { base64: bytes.toString("base64") };
}

/** Equal as data: NULL equals NULL. */
export function sameDatum(a: Datum, b: Datum): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a === "string" || typeof b === "string") return false;
  return a.base64 === b.base64;
}
