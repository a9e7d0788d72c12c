/**
 * Changed rows that refer to rows which are not there, as a query over `want`.
 */
import type { Catalog } from "../../catalog/types.ts";
import { formatName, nameKey } from "../../names.ts";
import { operator, type ScriptColumn } from "../column.ts";
import { columnsOf } from "../relations/rows.ts";
import { all, keyLabel, type RowSet, sameKey } from "../row-set.ts";
import { ident, join, literal, qualified, type Sql, sql } from "../sql.ts";
import { ownRows, type ScriptTable } from "../table.ts";
import type { Query } from "./block.ts";
import { type ColumnAt, givesAny, isAlwaysGiven, isGiven, valueNow } from "./given.ts";
import type { Link } from "./links.ts";

/** `FROM source WHERE condition`, and the values that refer. */
export interface Missing {
  readonly source: Sql;
  readonly condition: Sql;
  readonly values: readonly Sql[];
  /** As people read it: `public.question id=`, 3. Pieces for concat(). */
  readonly parent: Sql;
}

/** Changed rows as a relation called `want`. */
export interface Wanted {
  readonly rows: RowSet;
  readonly from: Sql;
  /** The relation again, where its rows bring what others of them refer to. */
  readonly own?: Sql | undefined;
  /** They are inserted: one whose key is taken stays as it is. */
  readonly isNew: boolean;
}

/** Columns of the foreign key among the changed ones; undefined where one is not compared, so that its value is not known. */
export function referringColumns(
  { changed }: ScriptTable,
  { foreignKey }: Link,
): readonly ColumnAt[] | undefined {
  const columns = foreignKey.columns.map((name) => ({
    name,
    position: changed.columns.indexOf(name),
  }));
  return columns.some(({ position }) => position < 0) ? undefined : columns;
}

/**
 * Rows of `from` whose reference leads nowhere, before they are written. `also` are columns besides those of the foreign key that make
 * it count, and whose value the caller takes from `valueNow`.
 */
export function missingParents(
  catalog: Catalog,
  { rows, from, own, isNew }: Wanted,
  link: Link,
  also: readonly ColumnAt[] = [],
): Missing | undefined {
  const { table } = rows;
  const columns = referringColumns(table, link);
  const parents = columnsOf(catalog, link.foreignKey.references, link.foreignKey.referencedColumns);
  const asked = [...(columns ?? []), ...also];
  if (!columns || !parents || !asked.some(({ position }) => isGiven(rows, position)))
    return undefined;
  const values = columns.map((column) => valueNow(rows, column));
  const stands = asked.some(({ position }) => !isAlwaysGiven(rows, position));
  const gives = givesAny(
    rows,
    asked.map(({ position }) => position),
  );
  const present = values.flatMap((value, n) => {
    const column = table.columns[columns[n]?.position ?? -1];
    return column?.notNull && gives === undefined ? [] : [sql`${value} IS NOT NULL`];
  });
  const brought = own && broughtBy(rows, { own, values, parents }, link);
  return {
    source: stands ? sql`${from} JOIN ${table.target} AS t ON ${sameKey(rows)}` : from,
    condition: all([
      ...(gives === undefined ? [] : [gives]),
      ...present,
      sql`NOT EXISTS (SELECT FROM ${ownRows(catalog, link.foreignKey.references)} AS p WHERE ${equal(parents, values, sql`p.`)})`,
      ...(brought ? [brought] : []),
      ...(isNew ? [sql`NOT EXISTS (SELECT FROM ${table.target} AS t WHERE ${sameKey(rows)})`] : []),
    ]),
    values,
    parent: parentLabel(link, values),
  };
}

/** The same for rows that are in place: of a foreign key that is checked at the end. */
export function danglingRows(
  catalog: Catalog,
  { rows, from }: { readonly rows: RowSet; readonly from: Sql },
  link: Link,
): Missing | undefined {
  const { table } = rows;
  const { columns, references, referencedColumns } = link.foreignKey;
  const parents = columnsOf(catalog, references, referencedColumns);
  if (!parents) return undefined;
  const positions = columns.map((name) => table.changed.columns.indexOf(name));
  const named = rows.columns.length > 0;
  if (named && !positions.some((position) => isGiven(rows, position))) return undefined;
  const gives = named ? givesAny(rows, positions) : undefined;
  const values = columns.map((name) => sql`t.${ident(name)}`);
  const target = nameKey(link.child) === nameKey(table.name) ? table.target : qualified(link.child);
  return {
    source: sql`${from} JOIN ${target} AS t ON ${sameKey(rows)}`,
    condition: all([
      ...(gives === undefined ? [] : [gives]),
      ...values.map((value) => sql`${value} IS NOT NULL`),
      sql`NOT EXISTS (SELECT FROM ${ownRows(catalog, references)} AS p WHERE ${equal(parents, values, sql`p.`)})`,
    ]),
    values,
    parent: parentLabel(link, values),
  };
}

/** The rows that a query finds, each in words. */
export function missingRows(rows: RowSet, missing: Missing, link: Link): Query {
  const label = missingLabel(rows, missing, link);
  return {
    link,
    rows: sql`SELECT ${label}\n      FROM ${missing.source}\n      WHERE ${missing.condition}`,
  };
}

export function missingLabel({ table }: RowSet, { parent }: Missing, { foreignKey }: Link): Sql {
  return sql`concat(${literal(`${table.label} `)}, ${keyLabel(table)}, ' would refer to ', ${parent}, ${literal(`, which does not exist (${foreignKey.name})`)})`;
}

function parentLabel({ foreignKey }: Link, values: readonly Sql[]): Sql {
  const parts = foreignKey.referencedColumns.map(
    (name, n) =>
      sql`${literal(`${n > 0 ? ", " : `${formatName(foreignKey.references)} `}${name}=`)}, ${values[n] ?? sql``}`,
  );
  return join(parts, ", ");
}

/** No row of the set itself brings the values. */
function broughtBy(
  rows: RowSet,
  {
    own,
    values,
    parents,
  }: {
    readonly own: Sql;
    readonly values: readonly Sql[];
    readonly parents: readonly ScriptColumn[];
  },
  { foreignKey }: Link,
): Sql | undefined {
  const indexes = foreignKey.referencedColumns.map((name) =>
    rows.columns.findIndex(({ column }) => column.name === name),
  );
  if (indexes.includes(-1)) return undefined;
  const same = parents.map((column, n) => {
    const index = indexes[n] ?? 0;
    const wanted = rows.columns[index];
    const brought =
      wanted?.column.equality === "value"
        ? sql`own.a${index + 1}`
        : sql`own.a${index + 1}::${column.cast}`;
    return sql`${brought} ${operator(column)} ${values[n] ?? sql``}`;
  });
  return sql`NOT EXISTS (SELECT FROM ${own} AS own WHERE ${join(same, " AND ")})`;
}

function equal(columns: readonly ScriptColumn[], values: readonly Sql[], row: Sql): Sql {
  return join(
    columns.map(
      (column, n) => sql`${row}${ident(column.name)} ${operator(column)} ${values[n] ?? sql``}`,
    ),
    " AND ",
  );
}
