/**
 * What other rows stand in a change's way, for preflight: parents missing, children that are new, unique values taken.
 * Holds the key values of one constraint's changed rows in memory at a time.
 */
import { foreignKeysTo, partitionRoot, tableByName } from "../catalog/lookup.ts";
import type { Catalog, ForeignKey } from "../catalog/types.ts";
import type { Changeset } from "../changeset/types.ts";
import { type Change, type Datum, valueAfter, valueBefore } from "../compare/change.ts";
import { formatName, nameKey, type TableName } from "../names.ts";
import { tuple } from "../order/references.ts";
import { operator, type ScriptColumn } from "./column.ts";
import { collect } from "./preflight.ts";
import { comment, doBlock, ident, join, literal, qualified, type Sql, sql } from "./sql.ts";
import { type ScriptTable, scriptColumn, valueRow } from "./table.ts";

const ROWS = 500;

interface Context {
  readonly catalog: Catalog;
  readonly changeset: Changeset;
  readonly tables: ReadonlyMap<string, ScriptTable>;
}

/** DO blocks that add what they find to the same settings as the preflight checks. */
export async function* relationChecks(
  catalog: Catalog,
  changeset: Changeset,
  tables: ReadonlyMap<string, ScriptTable>,
): AsyncGenerator<Sql> {
  const context = { catalog, changeset, tables };
  for (const table of tables.values()) {
    const { insert, update, delete: deleted } = table.changed.counts;
    if (insert + update > 0) {
      for (const constraint of table.catalog.constraints) {
        if (constraint.kind === "foreign") yield* parentsMissing(context, table, constraint);
        if (constraint.kind === "primary" || constraint.kind === "unique") {
          yield* valuesTaken(context, table, constraint.columns, constraint.name);
        }
      }
      for (const { name, parts, predicate } of table.catalog.uniqueIndexes) {
        const columns = parts.flatMap((part) => ("column" in part ? [part.column] : []));
        if (predicate === undefined && columns.length === parts.length)
          yield* valuesTaken(context, table, columns, name);
      }
    }
    if (deleted > 0) {
      for (const { table: child, foreignKey } of foreignKeysTo(catalog, table.name)) {
        yield* childrenNew(context, table, { child, foreignKey });
      }
    }
  }
}

/** References of inserted and updated rows to rows that neither production nor the changeset has. */
async function* parentsMissing(
  context: Context,
  table: ScriptTable,
  foreignKey: ForeignKey,
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, foreignKey.columns);
  if (!positions) return;
  const inserted = await valuesOf(
    context,
    foreignKey.references,
    foreignKey.referencedColumns,
    "insert",
  );
  const columns = columnsOf(context.catalog, foreignKey.references, foreignKey.referencedColumns);
  if (!columns) return;
  const rows: { key: readonly Datum[]; values: readonly Datum[] }[] = [];
  const flush = (): Sql => {
    const want = wantedRows(table, columns, rows.splice(0));
    const found = sql`SELECT FROM ${qualified(foreignKey.references)} AS t WHERE ${matches(columns, "t", "v")}`;
    const detail = literal(
      `refers to a row of ${formatName(foreignKey.references)} that does not exist (${foreignKey.name})`,
    );
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyText(table)} AS key, 'reference' AS change, 'drifted' AS state, ${detail} AS detail
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

/** Rows that refer to deleted rows and are neither deleted nor changed by the changeset. */
async function* childrenNew(
  context: Context,
  table: ScriptTable,
  { child, foreignKey }: { readonly child: TableName; readonly foreignKey: ForeignKey },
): AsyncGenerator<Sql> {
  const positions = positionsOf(table, foreignKey.referencedColumns);
  const columns = columnsOf(context.catalog, child, foreignKey.columns);
  if (!positions || !columns) return;
  const moved = await movedChildren(context, child, foreignKey);
  const childTable = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const rows: { key: readonly Datum[]; values: readonly Datum[] }[] = [];
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
      sql`SELECT ${literal(table.label)} AS tbl, ${keyText(table)} AS key, 'delete' AS change, 'drifted' AS state, ${detail} AS detail
    FROM ${wantedRows(table, columns, parents)} WHERE EXISTS (SELECT FROM ${qualified(child)} AS t WHERE ${matches(columns, "t", "v")}${excluded})`,
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

/** Unique values that a change takes and that another row of production holds. */
async function* valuesTaken(
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
  const released = await releasedBy(context, table, positions);
  const rows: { key: readonly Datum[]; values: readonly Datum[] }[] = [];
  const flush = (): Sql => {
    const taken = rows.splice(0);
    const freed = taken.flatMap(({ values }) => released.get(tuple(values) ?? "") ?? []);
    const excluded = freed.length > 0 ? sql` AND NOT (${oneOf(table, freed)})` : sql``;
    const own = join(
      table.key.map((column, n) => sql`t.${ident(column.name)} ${operator(column)} want.k${n + 1}`),
      " AND ",
    );
    const detail = literal(`another row holds its value of ${index}`);
    return check(
      table,
      sql`SELECT ${literal(table.label)} AS tbl, ${keyText(table)} AS key, 'unique value' AS change, 'drifted' AS state, ${detail} AS detail
    FROM ${wantedRows(table, columns, taken)} WHERE EXISTS (SELECT FROM ${table.target} AS t WHERE ${matches(columns, "t", "v")} AND NOT (${own})${excluded})`,
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

/** Keys of the rows of one table whose changes give a unique value up, by that value. */
async function releasedBy(
  context: Context,
  table: ScriptTable,
  positions: readonly number[],
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

/** Keys of children that the changeset deletes or turns to another parent, by the values they referred with. */
async function movedChildren(
  context: Context,
  child: TableName,
  foreignKey: ForeignKey,
): Promise<Map<string, (readonly Datum[])[]>> {
  const table = context.tables.get(nameKey(partitionRoot(context.catalog, child)));
  const positions = table && positionsOf(table, foreignKey.columns);
  return table && positions ? releasedBy(context, table, positions) : new Map();
}

async function valuesOf(
  context: Context,
  name: TableName,
  columns: readonly string[],
  kind: "insert",
): Promise<Set<string>> {
  const found = new Set<string>();
  const table = context.tables.get(nameKey(partitionRoot(context.catalog, name)));
  const positions = table && positionsOf(table, columns);
  if (!table || !positions) return found;
  for await (const change of context.changeset.changes(table.name, kind)) {
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

function takes(change: Change, positions: readonly number[]): boolean {
  return (
    change.kind === "insert" ||
    (change.kind === "update" && change.columns.some((position) => positions.includes(position)))
  );
}

function positionsOf(
  table: ScriptTable,
  columns: readonly string[],
): readonly number[] | undefined {
  const positions = columns.map((column) => table.changed.columns.indexOf(column));
  return positions.includes(-1) ? undefined : positions;
}

function columnsOf(
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

function wantedRows(
  table: ScriptTable,
  columns: readonly ScriptColumn[],
  rows: readonly { key: readonly Datum[]; values: readonly Datum[] }[],
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

function matches(columns: readonly ScriptColumn[], row: "t", value: "v"): Sql {
  return join(
    columns.map(
      (column, n) =>
        sql`${ident(row)}.${ident(column.name)} ${operator(column)} want.${ident(`${value}${n + 1}`)}`,
    ),
    " AND ",
  );
}

/** `t` is one of these rows. */
function oneOf(table: ScriptTable, keys: readonly (readonly Datum[])[]): Sql {
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

function keyText(table: ScriptTable): Sql {
  const parts = table.key.map(
    (column, n) => sql`${literal(`${n > 0 ? ", " : ""}${column.name}=`)}, want.k${n + 1}`,
  );
  return sql`concat(${join(parts, ", ")})`;
}

function check(table: ScriptTable, rows: Sql): Sql {
  return sql`${comment(`Relations of ${table.label}`)}\n${doBlock("relations", collect(rows))}`;
}
