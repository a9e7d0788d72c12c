/**
 * Parents that inserted and updated rows refer to and that are missing.
 */
import { partitionRoot } from "../../catalog/lookup.ts";
import type { ForeignKey } from "../../catalog/types.ts";
import { valueAfter } from "../../compare/change.ts";
import { formatName, nameKey } from "../../names.ts";
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
  const inserted = await valuesOf(context, { references, referencedColumns }, tuple);
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
    if (key === undefined || inserted.has(key)) continue;
    rows.push({ key: change.key, values: values.map((value) => value ?? null) });
    if (rows.length >= ROWS) yield flush();
  }
  if (rows.length > 0) yield flush();
}

/** Tuples that the changes bring into a table. */
async function valuesOf(
  context: Context,
  {
    references: name,
    referencedColumns: columns,
  }: Pick<ForeignKey, "references" | "referencedColumns">,
  tuple: Tuple,
): Promise<Set<string>> {
  const found = new Set<string>();
  const table = context.tables.get(nameKey(partitionRoot(context.catalog, name)));
  const positions = table && positionsOf(table, columns);
  if (!table || !positions) return found;
  for await (const change of context.changeset.changes(table.name, "insert")) {
    const key = tuple(positions.map((position) => valueAfter(change, position)));
    if (key !== undefined) found.add(key);
  }
  // A row may also be brought to the referenced values by an update.
  for await (const change of context.changeset.changes(table.name, "update")) {
    const key = takes(change, positions)
      ? tuple(positions.map((position) => valueAfter(change, position)))
      : undefined;
    if (key !== undefined) found.add(key);
  }
  return found;
}
