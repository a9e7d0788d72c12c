/**
 * The state check: every change is in place. The heart of verify.sql, and the last word in deploy.sql before the effects check.
 */
import type { Changeset } from "../changeset/types.ts";
import { nameKey } from "../names.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import { keyLabel, sameKey, sameValues, wanted } from "./conditions.ts";
import { comment, doBlock, join, literal, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** At most this many rows are named in the exception; the total is always told. */
export const NAMED_ROWS = 50;

/** One DO block for each bounded group of changes. Each adds what it finds to the settings rowpatch.rows and rowpatch.drifted. */
export async function* stateChecks(
  changeset: Changeset,
  tables: ReadonlyMap<string, ScriptTable>,
): AsyncGenerator<Sql> {
  for (const { table: name } of changeset.tables) {
    const table = tables.get(nameKey(name));
    if (!table) continue;
    let first = true;
    for await (const chunk of chunksOf(changeset.changes(name), table.columns.length)) {
      if (first) yield comment(`State of ${table.label}`);
      first = false;
      yield doBlock("state", checkBody(table, chunk));
    }
  }
}

function checkBody(table: ScriptTable, chunk: Chunk): Sql {
  const label = sql`concat(${literal(`${table.label} `)}, ${keyLabel(table)})`;
  return sql`DECLARE
  n bigint;
  found jsonb;
BEGIN
  SELECT count(*), jsonb_agg(differs.row) INTO n, found FROM (
    SELECT ${label} AS row
    FROM ${wanted(table, chunk, "after")}
    WHERE ${condition(table, chunk)}
  ) AS differs;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < ${NAMED_ROWS} THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END`;
}

function condition(table: ScriptTable, chunk: Chunk): Sql {
  const key = sameKey(table);
  if (chunk.kind === "delete") return sql`EXISTS (SELECT FROM ${table.target} AS t WHERE ${key})`;
  const values = sameValues(table, chunk, "after");
  return sql`NOT EXISTS (SELECT FROM ${table.target} AS t WHERE ${join([key, ...values], " AND ")})`;
}
