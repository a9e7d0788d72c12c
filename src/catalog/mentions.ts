/**
 * What the text of an expression tells of the columns in it. Errs on the side of the unknown: nothing is parsed.
 */

import { quoteIdentifier } from "../names.ts";
import type { Table } from "./types.ts";

/** Those of `columns` whose name occurs in the text as an identifier, quoted or bare. */
export function mentions(text: string, columns: readonly string[]): readonly string[] {
  return columns.filter((column) => {
    if (text.includes(quoteIdentifier(column))) return true;
    if (!/^[a-z_][a-z0-9_$]*$/.test(column)) return false;
    return bareName(column).test(text);
  });
}

function bareName(column: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9_$"])${column.replaceAll("$", "\\$")}(?![A-Za-z0-9_$"])`);
}

/** Words by which a condition may be false of NULL, or an expression more than NULL. */
const TREATS_NULL =
  /\b(?:NULL|IS|CASE|COALESCE|GREATEST|LEAST|ROW|ARRAY|num_nulls|num_nonnulls|concat|concat_ws|format)\b/i;

/** Whether a CHECK may be false where a column is NULL; where it is only NULL itself, the row passes. */
export function treatsNull(text: string): boolean {
  return TREATS_NULL.test(text);
}

/** Functions that return NULL for NULL (pg_proc.proisstrict), of those that stand in indexes. */
const STRICT_FUNCTIONS: ReadonlySet<string> = new Set([
  ...["lower", "upper", "initcap", "length", "char_length", "octet_length", "md5", "reverse"],
  ...["left", "right", "substr", "substring", "btrim", "ltrim", "rtrim", "replace", "translate"],
  ...["abs", "round", "trunc", "floor", "ceil", "ceiling", "mod", "div"],
  ...["date_trunc", "date_part", "timezone", "EXTRACT", "date"],
]);

/** Whether NULL in the column makes the whole expression NULL or the whole condition not true, as far as the text shows it. */
export function nullsOut(text: string, column: string): boolean {
  if (mentions(text, [column]).length === 0) return false;
  const bare = text.replaceAll(" IS NOT NULL", "");
  if (treatsNull(bare) || /\b(?:OR|NOT|DISTINCT)\b/i.test(bare)) return false;
  const called = [...bare.matchAll(/([\w$.]+|")\(/g)].map(([, name = ""]) => name);
  return called.every((name) => STRICT_FUNCTIONS.has(name));
}

/** The generated columns of a table whose expression mentions the column. */
export function generatedFrom(
  { columns }: Table,
  name: string,
): readonly { readonly name: string; readonly expression: string }[] {
  return columns.flatMap(({ name: own, generated }) =>
    generated && mentions(generated.expression, [name]).length > 0
      ? [{ name: own, expression: generated.expression }]
      : [],
  );
}
