/**
 * The state check: every change is in place. The heart of verify.sql, and the last word in deploy.sql before the effects check.
 */
import { all, keyLabel, type RowSet, sameKey, sameValues } from "./row-set.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** At most this many rows are named in the exception; the total is always told. */
export const NAMED_ROWS = 50;

/** A DO block over the rows of `from`, called `want`: adds what it finds to the settings rowpatch.rows and rowpatch.drifted. */
export function stateCheck(rows: RowSet, from: Sql): Sql {
  const label = sql`concat(${literal(`${rows.table.label} `)}, ${keyLabel(rows.table)})`;
  return doBlock(
    "state",
    sql`DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT ${label} AS row
    FROM ${from}
    WHERE ${condition(rows)}
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT ${NAMED_ROWS}) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < ${NAMED_ROWS} THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END`,
  );
}

function condition(rows: RowSet): Sql {
  const { target } = rows.table;
  if (rows.kind === "delete")
    return sql`EXISTS (SELECT FROM ${target} AS t WHERE ${sameKey(rows)})`;
  const values = all(sameValues(rows, "after"));
  return sql`NOT EXISTS (SELECT FROM ${target} AS t WHERE ${join([sameKey(rows), values], " AND ")})`;
}
