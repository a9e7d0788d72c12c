/**
 * Which columns an expression may mention. Errs on the side of mentioning.
 */
import { quoteIdentifier } from "../names.ts";

/** Those of `columns` whose name occurs in the text as an identifier, quoted or bare. */
export function mentions(text: string, columns: readonly string[]): readonly string[] {
  return columns.filter((column) => {
    if (text.includes(quoteIdentifier(column))) return true;
    if (!/^[a-z_][a-z0-9_$]*$/.test(column)) return false;
    return new RegExp(`(?<![A-Za-z0-9_$"])${column.replaceAll("$", "\\$")}(?![A-Za-z0-9_$"])`).test(
      text,
    );
  });
}
