/**
 * What psql shows while a script runs: one line a step, with the time since BEGIN. `-v quiet=1` silences it.
 */
import { literal, type Sql, sql } from "./sql.ts";

/** A query whose row is the line, or that has none. The template sets the variables. */
export function progress(text: string): Sql {
  return sql`SELECT :rowpatch_elapsed || ${literal(text)} WHERE :rowpatch_told;`;
}

/** The same only once something has been written: where all is in place already, steps are not worth a line. */
export function progressOfWriting(text: string): Sql {
  return sql`SELECT :rowpatch_elapsed || ${literal(text)} WHERE :rowpatch_wrote;`;
}
