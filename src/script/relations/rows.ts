/**
 * Changed rows as relations of keys and values, and what other rows are held against them.
 */
import { partitionRoot, tableByName } from "../../catalog/lookup.ts";
import type { Catalog, ForeignKey } from "../../catalog/types.ts";
import type { Changeset } from "../../changeset/types.ts";
import { type Change, type Datum, valueAfter, valueBefore } from "../../compare/change.ts";
import { nameKey, type TableName } from "../../names.ts";
import type { Tuple } from "../../order/references.ts";
import { operator, type ScriptColumn } from "../column.ts";
import { collect } from "../preflight.ts";
import { comment, doBlock, ident, join, type Sql, sql } from "../sql.ts";
import { type ScriptTable, scriptColumn, valueRow } from "../table.ts";

/** Rows asked about at a time. */
export const ROWS = 500;

/** What every check may look up. */
export interface Context {
  readonly catalog: Catalog;
  readonly changeset: Changeset;
  readonly tables: ReadonlyMap<string, ScriptTable>;
}

/** A changed row: its key, and the values that are asked about. */
export interface AskedRow {
  readonly key: readonly Datum[];
  readonly values: readonly Datum[];
}

/** Keys of the rows of one table whose changes give a unique value up, by that value. */
export async function releasedBy(
  context: Context,
  { table, positions }: { readonly table: ScriptTable; readonly positions: readonly number[] },
  tuple: Tuple,
): Promise<Map<string, (readonly Datum[])[]>> {
  const released = new Map<string, (readonly Datum[])[]>();
  for await (const change of context.changeset.changes(table.name)) {
    if (
      change.kind === "update" &&
      !change.columns.some((position) => positions.includes(position))
    )
      continue;
    const key = tuple(positions.map((position) => valueBefore(change, position)));
    if (key === undefined) continue;
    const keys = released.get(key) ?? [];
    keys.push(change.key);
    released.set(key, keys);
  }
  return released;
}

/** Tuples that inserts and updates bring into a table. */
export async function broughtBy(
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

/** Whether the change gives one of these columns a value. */
export function takes(change: Change, positions: readonly number[]): boolean {
  return (
    change.kind === "insert" ||
    (change.kind === "update" && change.columns.some((position) => positions.includes(position)))
  );
}

/** Of columns of a touched table; undefined where one is not compared. */
export function positionsOf(
  table: ScriptTable,
  columns: readonly string[],
): readonly number[] | undefined {
  const positions = columns.map((column) => table.changed.columns.indexOf(column));
  return positions.includes(-1) ? undefined : positions;
}

/** How columns of any table are written; undefined where the catalog lacks one. */
export function columnsOf(
  catalog: Catalog,
  name: TableName,
  columns: readonly string[],
): readonly ScriptColumn[] | undefined {
  const table = tableByName(catalog).get(nameKey(name));
  const found = columns.flatMap(
    (column) => table?.columns.find((candidate) => candidate.name === column) ?? [],
  );
  return found.length === columns.length
    ? found.map((column) => scriptColumn(catalog, column))
    : undefined;
}

/** `(VALUES ...) AS want (k1, v1)`. */
export function wantedRows(
  table: ScriptTable,
  columns: readonly ScriptColumn[],
  rows: readonly AskedRow[],
): Sql {
  const types = [...table.key, ...columns].map(({ cast }) => cast);
  const list = rows.map(({ key, values }, index) =>
    valueRow([...key, ...values], index === 0 ? types : undefined),
  );
  const names = [
    ...table.key.map((_, n) => sql`k${n + 1}`),
    ...columns.map((_, n) => sql`v${n + 1}`),
  ];
  return sql`(VALUES ${join(list, ",\n      ")}) AS want (${join(names, ", ")})`;
}

/** `t` holds the values of `want`. */
export function matches(columns: readonly ScriptColumn[]): Sql {
  return join(
    columns.map((column, n) => sql`t.${ident(column.name)} ${operator(column)} want.v${n + 1}`),
    " AND ",
  );
}

/** `t` is one of these rows. */
export function oneOf(table: ScriptTable, keys: readonly (readonly Datum[])[]): Sql {
  const rows = keys.map((key, index) =>
    valueRow(key, index === 0 ? table.key.map(({ cast }) => cast) : undefined),
  );
  const same = join(
    table.key.map((column, n) => sql`t.${ident(column.name)} ${operator(column)} known.k${n + 1}`),
    " AND ",
  );
  const names = table.key.map((_, n) => sql`k${n + 1}`);
  return sql`EXISTS (SELECT FROM (VALUES ${join(rows, ", ")}) AS known (${join(names, ", ")}) WHERE ${same})`;
}

/** A DO block that collects what `rows` finds. */
export function check(table: ScriptTable, rows: Sql): Sql {
  return sql`${comment(`Relations of ${table.label}`)}\n${doBlock("relations", collect(rows, "obstacles"))}`;
}
