/**
 * What preflight.sql says of every change before anyone writes: pending, in place, or drifted, and why.
 */
import { all, differing, keyLabel, type RowSet, sameKey, sameValues } from "./row-set.ts";
import { doBlock, ident, literal, type Sql, sql } from "./sql.ts";

/** At most so many rows that are not pending are listed; the totals are always told. */
export const LISTED_ROWS = 1000;

/** A DO block over the rows of `from`, called `want`: adds to the settings rowpatch.pending, .in_place, .drifted and .rows. */
export function preflightCheck(rows: RowSet, from: Sql): Sql {
  const { table, kind } = rows;
  const { state, detail } = judge(rows);
  return doBlock(
    "state",
    collect(sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, ${literal(kind)} AS change, judged.state, CASE judged.state WHEN 'drifted' THEN ${detail} END AS detail
    FROM ${from}
    LEFT JOIN ${table.target} AS t ON ${sameKey(rows)}
    CROSS JOIN LATERAL (SELECT ${state} AS state) AS judged`),
  );
}

/**
 * A DO body that counts the states of `rows` (tbl, key, change, state, detail) and lists those that are not pending. Other rows that
 * stand in the way of a change (state `obstacle`), and rows without a place, are counted for themselves: the change has its own state.
 */
export function collect(rows: Sql, counted: "drifted" | "obstacles" | "unplaced" = "drifted"): Sql {
  const counter = literal(`rowpatch.${counted}`);
  return sql`DECLARE
  n_pending bigint;
  n_in_place bigint;
  n_drifted bigint;
  found jsonb;
BEGIN
  WITH judged_rows AS MATERIALIZED (
    ${rows}
  )
  SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'in place'), count(*) FILTER (WHERE state NOT IN ('pending', 'in place')),
         (SELECT jsonb_agg(jsonb_build_object('table', tbl, 'key', key, 'change', change, 'state', state, 'detail', detail))
          FROM (SELECT * FROM judged_rows WHERE state <> 'pending' ORDER BY state = 'in place', length(key), key COLLATE "C" LIMIT ${LISTED_ROWS}) AS listed)
  INTO n_pending, n_in_place, n_drifted, found FROM judged_rows;
  PERFORM set_config('rowpatch.pending', (current_setting('rowpatch.pending')::bigint + n_pending)::text, true),
          set_config('rowpatch.in_place', (current_setting('rowpatch.in_place')::bigint + n_in_place)::text, true),
          set_config(${counter}, (current_setting(${counter})::bigint + n_drifted)::text, true);
  IF found IS NOT NULL AND (n_drifted > 0 OR jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < ${LISTED_ROWS}) THEN
    PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
  END IF;
END`;
}

function judge(rows: RowSet): { readonly state: Sql; readonly detail: Sql } {
  // No key holds NULL; a system column would take SELECT on the whole table.
  const [key] = rows.table.key;
  const missing = key ? sql`t.${ident(key.name)} IS NULL` : sql`t.tableoid IS NULL`;
  const before = sameValues(rows, "before");
  const after = sameValues(rows, "after");
  const changed = sql`concat('changed since: ', ${differing(rows, before)})`;
  switch (rows.kind) {
    case "insert":
      return {
        state: sql`CASE WHEN ${missing} THEN 'pending' WHEN ${all(after)} THEN 'in place' ELSE 'drifted' END`,
        detail: sql`concat('the key is taken by a row that differs in ', ${differing(rows, after)})`,
      };
    case "update":
      return {
        state: sql`CASE WHEN ${missing} THEN 'drifted' WHEN ${all(after)} THEN 'in place' WHEN ${all(before)} THEN 'pending' ELSE 'drifted' END`,
        detail: sql`CASE WHEN ${missing} THEN 'the row is gone' ELSE ${changed} END`,
      };
    case "delete":
      return {
        state: sql`CASE WHEN ${missing} THEN 'in place' WHEN ${all(before)} THEN 'pending' ELSE 'drifted' END`,
        detail: changed,
      };
  }
}
