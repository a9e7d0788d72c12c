/**
 * Names that PostgreSQL gives to constraints, indexes and sequences that were written without one. Dumps name everything, scripts do not.
 */
import { nameKey } from "../../names.ts";
import type { Draft, TableDraft } from "./draft.ts";

/** NAMEDATALEN less the final zero byte. */
const LONGEST = 63;

/**
 * The name for a new object of a table: table, columns and label, cut to 63 bytes, numbered where it is taken.
 *
 *     film, [film_id], pkey               film_pkey
 *     detail, [a, b], key                 detail_a_b_key
 */
export function chooseName(
  draft: Draft,
  table: TableDraft,
  parts: { readonly columns: readonly string[]; readonly label: string },
): string {
  const columns = parts.label === "pkey" ? "" : parts.columns.join("_");
  for (let pass = 0; ; pass += 1) {
    const name = joinName(table.name.name, columns, `${parts.label}${pass === 0 ? "" : pass}`);
    const key = nameKey({ schema: table.name.schema, name });
    const taken =
      table.constraints.has(name) || table.uniqueIndexes.has(name) || draft.sequences.has(key);
    if (!taken) return name;
  }
}

/** Shortens the longer of the first two parts until all three fit, as PostgreSQL's makeObjectName() does. */
function joinName(first: string, second: string, label: string): string {
  let a: Buffer = Buffer.from(first);
  let b: Buffer = Buffer.from(second);
  const separators = second === "" ? 1 : 2;
  const room = LONGEST - Buffer.byteLength(label) - separators;
  while (a.length + b.length > room) {
    if (a.length > b.length) a = clip(a, a.length - 1);
    else b = clip(b, b.length - 1);
  }
  return [a.toString(), ...(second === "" ? [] : [b.toString()]), label].join("_");
}

/** Cuts to at most so many bytes without splitting a character. */
function clip(text: Buffer, length: number): Buffer {
  let end = length;
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}
