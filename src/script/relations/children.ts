/**
 * Rows that still refer to deleted ones, or to values that are changed.
 */
import { partitionRoot } from "../../catalog/lookup.ts";
import type { ForeignKey } from "../../catalog/types.ts";
import { type Datum, valueAfter, valueBefore } from "../../compare/change.ts";
import { formatName, nameKey } from "../../names.ts";
import { spelledTuple, type Tuple } from "../../order/references.ts";
import { inPartition, type Link } from "../foreign-keys/links.ts";
import { keyLabel, sameKey } from "../row-set.ts";
import { literal, type Sql, sql } from "../sql.ts";
import { ownRows, type ScriptTable } from "../table.ts";
import {
  type AskedRow,
  broughtBy,
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

type OneSide = Pick<Link, "child" | "foreignKey">;

/** Whether rows of the kind may lose what the foreign key refers to. */
export function mayLose(
  { changed }: ScriptTable,
  { referencedColumns }: ForeignKey,
  kind: "update" | "delete",
): boolean {
  if (changed.counts[kind] === 0) return false;
  return (
    kind === "delete" ||
    referencedColumns.some((column) => {
      const { rows = 0 } = changed.profiles.update.columns[changed.columns.indexOf(column)] ?? {};
      return rows > 0;
    })
  );
}

/** Rows that refer to deleted rows, or to values that an update changes, and are neither deleted nor changed by the changeset. */
export async function* childrenNew(
  context: Context,
  table: ScriptTable,
  { child, foreignKey, kind }: OneSide & { readonly kind: "update" | "delete" },
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, foreignKey.referencedColumns);
  const columns = columnsOf(context.catalog, child, foreignKey.columns);
  if (!positions || !columns) return;
  const { references, referencedColumns, deferrable } = foreignKey;
  const action = kind === "delete" ? foreignKey.onDelete : foreignKey.onUpdate;
  const tuple = spelledTuple(context.catalog, references, referencedColumns);
  const moved = await movedChildren(context, { child, foreignKey }, tuple);
  // Checked at the end, a reference may go over to another row that takes the value.
  const waits = deferrable !== "no" && action === "no action";
  const brought = waits ? await broughtBy(context, foreignKey, tuple) : new Set<string>();
  const childTable = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const rows: AskedRow[] = [];
  const flush = (): Sql => {
    const parents = rows.splice(0);
    const known = parents.flatMap(({ values }) => moved.get(tuple(values) ?? "") ?? []);
    const excluded =
      childTable && known.length > 0 ? sql` AND NOT (${oneOf(childTable, known)})` : sql``;
    const whole = nameKey(references) === nameKey(table.name);
    const standing = sql` AND EXISTS (SELECT FROM ${table.target} AS t WHERE ${sameKey({ table })} AND ${inPartition(references, sql`t`)})`;
    const detail = literal(
      `a row of ${formatName(child)} refers to it (${foreignKey.name}, ON ${kind.toUpperCase()} ${action.toUpperCase()})`,
    );
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, ${literal(kind)} AS change, 'obstacle' AS state, ${detail} AS detail
    FROM ${wantedRows(table, columns, parents)} WHERE EXISTS (SELECT FROM ${ownRows(context.catalog, child)} AS t WHERE ${matches(columns)}${excluded})${whole ? sql`` : standing}`,
    );
  };
  for await (const change of context.changeset.changes(table.name, kind)) {
    if (kind === "update" && !takes(change, positions)) continue;
    const values = positions.map((position) => valueBefore(change, position) ?? null);
    const key = tuple(values);
    if (key === undefined || brought.has(key)) continue;
    // Another spelling lets nobody go, but every action takes it for a change.
    const after = positions.map((position) => valueAfter(change, position) ?? null);
    if (kind === "update" && action === "no action" && tuple(after) === key) continue;
    rows.push({ key: change.key, values });
    if (rows.length >= ROWS) yield flush();
  }
  if (rows.length > 0) yield flush();
}

/** Keys of children that the changeset deletes or turns to another parent, by the values they referred with. */
async function movedChildren(
  context: Context,
  { child, foreignKey }: OneSide,
  tuple: Tuple,
): Promise<Map<string, (readonly Datum[])[]>> {
  const table = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const positions = table && positionsOf(table, foreignKey.columns);
  return table && positions ? releasedBy(context, { table, positions }, tuple) : new Map();
}
