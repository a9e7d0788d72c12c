/**
 * The state check: every change is in place. The heart of verify.sql, and the last word in deploy.sql before the effects check.
 */
import { all, keyLabel, type RowSet, sameKey, sameValues } from "./row-set.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** At most this many rows are named in the exception; the total is always told. */
export const NAMED_ROWS = 50;

/** A DO block over the rows of `from`, called `want`: adds what it finds to the settings rowpatch.rows and rowpatch.drifted. */
export function stateCheck(rows: RowSet, from: Sql): Sql {
  return noted(rows, from, differs(rows));
}

/** The same for rows that should be gone and are not, or that still hold all of the values that they should have let go of. */
export function releaseCheck(rows: RowSet, from: Sql): Sql {
  const held = rows.kind === "delete" ? [] : sameValues(rows, "before");
  const condition = join([sameKey(rows), all(held)], " AND ");
  return noted(rows, from, sql`EXISTS (SELECT FROM ${rows.table.target} AS t WHERE ${condition})`);
}

function noted(rows: RowSet, from: Sql, condition: Sql): Sql {
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
    WHERE ${condition}
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

/** A DO block that raises an exception naming what state checks have found so far, if anything. */
export function driftRefusal({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string;
}): Sql {
  const said = hint === undefined ? sql`` : sql`,\n      HINT = ${literal(hint)}`;
  return doBlock(
    "drift",
    sql`DECLARE
  named text;
BEGIN
  IF current_setting('rowpatch.drifted') <> '0' THEN
    SELECT string_agg(row, E'\\n  ') INTO named FROM (SELECT row FROM jsonb_array_elements_text(current_setting('rowpatch.rows')::jsonb) WITH ORDINALITY AS listed (row, n) ORDER BY n LIMIT ${NAMED_ROWS}) AS first;
    RAISE EXCEPTION USING MESSAGE = concat(${literal(message)}, ', ', current_setting('rowpatch.drifted'), CASE current_setting('rowpatch.drifted') WHEN '1' THEN ' row' ELSE ' rows' END, E':\\n  ', named,
        E'\\n  and ' || nullif(greatest(current_setting('rowpatch.drifted')::bigint - ${NAMED_ROWS}, 0), 0) || ' more')${said};
  END IF;
END`,
  );
}

function differs(rows: RowSet): Sql {
  const { target } = rows.table;
  if (rows.kind === "delete")
    return sql`EXISTS (SELECT FROM ${target} AS t WHERE ${sameKey(rows)})`;
  const values = all(sameValues(rows, "after"));
  return sql`NOT EXISTS (SELECT FROM ${target} AS t WHERE ${join([sameKey(rows), values], " AND ")})`;
}
