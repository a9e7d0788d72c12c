/**
 * What psql shows while a script runs: one line a step, with the time since BEGIN. `-v quiet=1` silences it.
 */
import { literal, type Sql, sql } from "./sql.ts";

/** A query whose row is the line, or that has none. The template sets both variables. */
export function progress(text: string): Sql {
  return sql`SELECT :rowpatch_elapsed || ${literal(text)} WHERE :rowpatch_told;`;
}
