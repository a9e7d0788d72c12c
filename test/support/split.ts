/** Statements of test scripts that keep semicolons to the ends of lines. */
import type { DdlStatement } from "../../src/sources/source.ts";

/** Splits after every semicolon that ends a line; the place is the statement's number. */
export function splitStatements(sql: string): DdlStatement[] {
  return sql
    .split(/(?<=;)\n/)
    .filter((text) => text.trim() !== "")
    .map((text, index) => ({ text, place: `statement ${index + 1}` }));
}
