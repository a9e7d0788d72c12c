/**
 * What preflight.sql says of every change before anyone writes: pending, in place, or drifted, and why.
 */
import type { Changeset } from "../changeset/types.ts";
import { nameKey } from "../names.ts";
import { type Chunk, chunksOf } from "./chunks.ts";
import { differing, keyLabel, sameKey, sameValues, wanted } from "./conditions.ts";
import { comment, doBlock, join, literal, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** At most this many rows that are not pending are listed; the totals are always told. */
export const LISTED_ROWS = 1000;

/** One DO block for each bounded group of changes; they add to the settings rowpatch.pending, .in_place, .drifted and .rows. */
export async function* preflightChecks(
  changeset: Changeset,
  tables: ReadonlyMap<string, ScriptTable>,
): AsyncGenerator<Sql> {
  for (const { table: name } of changeset.tables) {
    const table = tables.get(nameKey(name));
    if (!table) continue;
    let first = true;
    for await (const chunk of chunksOf(changeset.changes(name), table.columns.length)) {
      if (first) yield comment(`Changes of ${table.label}`);
      first = false;
      yield doBlock("state", body(table, chunk));
    }
  }
}

function body(table: ScriptTable, chunk: Chunk): Sql {
  const { state, detail } = judge(table, chunk);
  return collect(
    sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, ${literal(chunk.kind)} AS change, judged.state, CASE judged.state WHEN 'drifted' THEN ${detail} END AS detail
    FROM ${wanted(table, chunk, "both")}
    LEFT JOIN ${table.target} AS t ON ${sameKey(table)}
    CROSS JOIN LATERAL (SELECT ${state} AS state) AS judged`,
  );
}

/** A DO body that counts the states of `rows` (tbl, key, change, state, detail) and lists those that are not pending. */
export function collect(rows: Sql): Sql {
  return sql`DECLARE
  n_pending bigint;
  n_in_place bigint;
  n_drifted bigint;
  found jsonb;
BEGIN
  SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'in place'), count(*) FILTER (WHERE state = 'drifted'),
         coalesce(jsonb_agg(jsonb_build_object('table', tbl, 'key', key, 'change', change, 'state', state, 'detail', detail)) FILTER (WHERE state <> 'pending'), '[]')
  INTO n_pending, n_in_place, n_drifted, found FROM (
    ${rows}
  ) AS judged_rows;
  PERFORM set_config('rowpatch.pending', (current_setting('rowpatch.pending')::bigint + n_pending)::text, true),
          set_config('rowpatch.in_place', (current_setting('rowpatch.in_place')::bigint + n_in_place)::text, true),
          set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n_drifted)::text, true);
  IF jsonb_array_length(found) > 0 AND jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < ${LISTED_ROWS} THEN
    PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
  END IF;
END`;
}

function judge(table: ScriptTable, chunk: Chunk): { readonly state: Sql; readonly detail: Sql } {
  const missing = sql`t.tableoid IS NULL`;
  const all = (conditions: readonly Sql[]) =>
    conditions.length > 0 ? join(conditions, " AND ") : sql`true`;
  switch (chunk.kind) {
    case "insert": {
      const after = sameValues(table, chunk, "after");
      return {
        state: sql`CASE WHEN ${missing} THEN 'pending' WHEN ${all(after)} THEN 'in place' ELSE 'drifted' END`,
        detail: sql`concat('the key is taken by a row that differs in ', ${differing(table, chunk, after)})`,
      };
    }
    case "update": {
      const before = sameValues(table, chunk, "before");
      const after = sameValues(table, chunk, "after");
      return {
        state: sql`CASE WHEN ${missing} THEN 'drifted' WHEN ${all(after)} THEN 'in place' WHEN ${all(before)} THEN 'pending' ELSE 'drifted' END`,
        detail: sql`CASE WHEN ${missing} THEN 'the row is gone' ELSE concat('changed since: ', ${differing(table, chunk, before)}) END`,
      };
    }
    case "delete": {
      const before = sameValues(table, chunk, "before");
      return {
        state: sql`CASE WHEN ${missing} THEN 'in place' WHEN ${all(before)} THEN 'pending' ELSE 'drifted' END`,
        detail: sql`concat('changed since: ', ${differing(table, chunk, before)})`,
      };
    }
  }
}
