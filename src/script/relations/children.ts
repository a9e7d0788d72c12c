/**
 * Rows that still refer to deleted ones.
 */
import { partitionRoot } from "../../catalog/lookup.ts";
import type { ForeignKey } from "../../catalog/types.ts";
import { type Datum, valueBefore } from "../../compare/change.ts";
import { formatName, nameKey, type TableName } from "../../names.ts";
import { spelledTuple, type Tuple } from "../../order/references.ts";
import { keyLabel } from "../row-set.ts";
import { literal, type Sql, sql } from "../sql.ts";
import { ownRows, type ScriptTable } from "../table.ts";
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
  wantedRows,
} from "./rows.ts";

/** Rows that refer to deleted rows and are neither deleted nor changed by the changeset. */
export async function* childrenNew(
  context: Context,
  table: ScriptTable,
  { child, foreignKey }: { readonly child: TableName; readonly foreignKey: ForeignKey },
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, foreignKey.referencedColumns);
  const columns = columnsOf(context.catalog, child, foreignKey.columns);
  if (!positions || !columns) return;
  const { references, referencedColumns } = foreignKey;
  const tuple = spelledTuple(context.catalog, references, referencedColumns);
  const moved = await movedChildren(context, { child, foreignKey }, tuple);
  const childTable = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const rows: AskedRow[] = [];
  const flush = (): Sql => {
    const parents = rows.splice(0);
    const known = parents.flatMap(({ values }) => moved.get(tuple(values) ?? "") ?? []);
    const excluded =
      childTable && known.length > 0 ? sql` AND NOT (${oneOf(childTable, known)})` : sql``;
    const detail = literal(
      `a row of ${formatName(child)} refers to it (${foreignKey.name}, ON DELETE ${foreignKey.onDelete.toUpperCase()})`,
    );
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, 'delete' AS change, 'drifted' AS state, ${detail} AS detail
    FROM ${wantedRows(table, columns, parents)} WHERE EXISTS (SELECT FROM ${ownRows(context.catalog, child)} AS t WHERE ${matches(columns)}${excluded})`,
    );
  };
  for await (const change of context.changeset.changes(table.name, "delete")) {
    const values = positions.map((position) => valueBefore(change, position) ?? null);
    if (tuple(values) === undefined) continue;
    rows.push({ key: change.key, values });
    if (rows.length >= ROWS) yield flush();
  }
  if (rows.length > 0) yield flush();
}

/** Keys of children that the changeset deletes or turns to another parent, by the values they referred with. */
async function movedChildren(
  context: Context,
  { child, foreignKey }: { readonly child: TableName; readonly foreignKey: ForeignKey },
  tuple: Tuple,
): Promise<Map<string, (readonly Datum[])[]>> {
  const table = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const positions = table && positionsOf(table, foreignKey.columns);
  return table && positions ? releasedBy(context, { table, positions }, tuple) : new Map();
}
