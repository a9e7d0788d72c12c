/**
 * Parents that inserted and updated rows refer to and that are missing.
 */
import type { ForeignKey } from "../../catalog/types.ts";
import { valueAfter } from "../../compare/change.ts";
import { formatName } from "../../names.ts";
import { spelledTuple } from "../../order/references.ts";
import { keyLabel } from "../row-set.ts";
import { literal, type Sql, sql } from "../sql.ts";
import { ownRows, type ScriptTable } from "../table.ts";
import {
  type AskedRow,
  broughtBy,
  type Context,
  check,
  columnsOf,
  matches,
  positionsOf,
  ROWS,
  takes,
  wantedRows,
} from "./rows.ts";

/** References of inserted and updated rows to rows that neither production nor the changeset has. */
export async function* parentsMissing(
  context: Context,
  table: ScriptTable,
  foreignKey: ForeignKey,
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, foreignKey.columns);
  if (!positions) return;
  const { references, referencedColumns } = foreignKey;
  const tuple = spelledTuple(context.catalog, references, referencedColumns);
  const brought = await broughtBy(context, { references, referencedColumns }, tuple);
  const columns = columnsOf(context.catalog, foreignKey.references, foreignKey.referencedColumns);
  if (!columns) return;
  const rows: AskedRow[] = [];
  const flush = (): Sql => {
    const want = wantedRows(table, columns, rows.splice(0));
    const found = sql`SELECT FROM ${ownRows(context.catalog, foreignKey.references)} AS t WHERE ${matches(columns)}`;
    const detail = literal(
      `refers to a row of ${formatName(foreignKey.references)} that does not exist (${foreignKey.name})`,
    );
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, 'reference' AS change, 'drifted' AS state, ${detail} AS detail
    FROM ${want} WHERE NOT EXISTS (${found})`,
    );
  };
  for await (const change of context.changeset.changes(table.name)) {
    if (!takes(change, positions)) continue;
    const values = positions.map((position) => valueAfter(change, position));
    const key = tuple(values);
    if (key === undefined || brought.has(key)) continue;
    rows.push({ key: change.key, values: values.map((value) => value ?? null) });
    if (rows.length >= ROWS) yield flush();
  }
  if (rows.length > 0) yield flush();
}
