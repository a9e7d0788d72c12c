/**
 * Unique values that changes take while other rows hold them.
 */
import { valueAfter } from "../../compare/change.ts";
import { spelledTuple } from "../../order/references.ts";
import { keyLabel, sameKey } from "../row-set.ts";
import { literal, type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";
import {
  type AskedRow,
  type Context,
  check,
  columnsOf,
  matches,
  oneOf,
  positionsOf,
  ROWS,
  releasedBy,
  takes,
  wantedRows,
} from "./rows.ts";

/** Unique values that a change takes and that another row of production holds. */
export async function* valuesTaken(
  context: Context,
  table: ScriptTable,
  names: readonly string[],
  index: string,
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, names);
  const columns = columnsOf(context.catalog, table.name, names);
  if (
    !positions ||
    !columns ||
    positions.every((position) => table.keyPositions.includes(position))
  )
    return;
  const tuple = spelledTuple(context.catalog, table.name, names);
  const released = await releasedBy(context, { table, positions }, tuple);
  const rows: AskedRow[] = [];
  const flush = (): Sql => {
    const taken = rows.splice(0);
    const freed = taken.flatMap(({ values }) => released.get(tuple(values) ?? "") ?? []);
    const excluded = freed.length > 0 ? sql` AND NOT (${oneOf(table, freed)})` : sql``;
    const detail = literal(`another row holds its value of ${index}`);
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, 'unique value' AS change, 'obstacle' AS state, ${detail} AS detail
    FROM ${wantedRows(table, columns, taken)} WHERE EXISTS (SELECT FROM ${table.target} AS t WHERE ${matches(columns)} AND NOT (${sameKey({ table })})${excluded})`,
    );
  };
  for await (const change of context.changeset.changes(table.name)) {
    if (!takes(change, positions)) continue;
    const values = positions.map((position) => valueAfter(change, position));
    if (tuple(values) === undefined) continue;
    rows.push({ key: change.key, values: values.map((value) => value ?? null) });
    if (rows.length >= ROWS) yield flush();
  }
  if (rows.length > 0) yield flush();
}
