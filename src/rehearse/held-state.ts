/**
 * Holds the rows as they are at one moment, in a transaction that stays open, and tells later whether those written since are the
 * same ones again. Reads values only of rows that were written.
 */
import type { TableName } from "../names.ts";
import { literal, qualified, type Sql, sql } from "../script/sql.ts";
import type { RestoreTarget } from "./restore-target.ts";
import type { ScratchConnection } from "./scratch/server.ts";

type Target = Pick<RestoreTarget, "query">;

export interface HeldState extends AsyncDisposable {
  /**
   * How many rows of the table have been written since, if their values are those of the rows that are no more; `undefined` if
   * they are others, or where nobody can tell.
   */
  rewritten(target: Target, table: TableName): Promise<number | undefined>;
}

/** Holds what is now; nothing else may be writing. Disposing of it closes the connection. */
export async function holdState(connection: ScratchConnection): Promise<HeldState> {
  for (const setting of SETTINGS) await connection.query(`SET ${setting}`);
  await connection.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const [row = []] = await connection.query(
    "SELECT (pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) & 4294967295)::text",
  );
  const first = String(row[0]);
  return {
    async rewritten(target, table) {
      for (const setting of SETTINGS) await target.query(`SET ${setting}`);
      // Who removes, replaces or locks a row leaves his number in it; who writes one, too.
      const touched = sql`xmax <> '0'::pg_catalog.xid`;
      const written = sql`pg_catalog.age(xmin) <= pg_catalog.age(${literal(first)}::pg_catalog.xid)`;
      const rows = { target, table, written };
      const [before, after] = await Promise.all([
        valuesOf({ ...rows, target: connection }, touched),
        valuesOf(rows, sql`(${touched} OR ${written})`),
      ]);
      return before !== undefined && before.values === after?.values ? after.written : undefined;
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** Values must be printed alike, and with all of their digits, on both connections. */
const SETTINGS = [
  "search_path = ''",
  "extra_float_digits = 3",
  "statement_timeout = 0",
  "idle_in_transaction_session_timeout = 0",
];

interface Rows {
  readonly target: Target;
  readonly table: TableName;
  readonly written: Sql;
}

interface Values {
  /** How many rows, and the sums of two hashes of their text: the same for the same rows in any order. */
  readonly values: string;
  /** How many of them were written since. */
  readonly written: number;
}

async function valuesOf(
  { target, table, written }: Rows,
  condition: Sql,
): Promise<Values | undefined> {
  try {
    const [row = []] = await target.query(
      sql`SELECT concat_ws(' ', count(*), sum(pg_catalog.hashtextextended(line, 0)), sum(pg_catalog.hashtextextended(line, 1))),
          count(*) FILTER (WHERE written)
        FROM (SELECT (rowpatch_row.*)::text COLLATE "C" AS line, ${written} AS written
          FROM ONLY ${qualified(table)} AS rowpatch_row WHERE ${condition}) AS lines`,
    );
    return { values: String(row[0]), written: Number(row[1]) };
  } catch (error) {
    // E.g. a type whose values the role may not print.
    if (error instanceof Error && "severity" in error && error.severity === "ERROR") {
      return undefined;
    }
    throw error;
  }
}
