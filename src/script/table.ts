/**
 * What the scripts must know of one touched table, taken from production's catalog.
 */
import { inheritanceChildren, resolveType, tableByName } from "../catalog/lookup.ts";
import type { Catalog, Column, Table, UniqueIndex } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import type { Datum } from "../compare/change.ts";
import { equalityOf } from "../compare/equality.ts";
import { formatName, nameKey, type TableName } from "../names.ts";
import { type Children, childrenOf } from "./children.ts";
import { castName, datum, keyIs, type ScriptColumn } from "./column.ts";
import { ident, join, qualified, type Sql, sql } from "./sql.ts";

export interface ScriptTable {
  readonly name: TableName;
  /** As people read it. */
  readonly label: string;
  readonly changed: ChangedTable;
  readonly catalog: Table;
  /** Aligned with `changed.columns`. */
  readonly columns: readonly ScriptColumn[];
  /** The key columns, in key order. */
  readonly key: readonly ScriptColumn[];
  /** Positions of the key columns in `columns`. */
  readonly keyPositions: readonly number[];
  /** The name for statements that read or change existing rows: with ONLY where other tables inherit from it. */
  readonly target: Sql;
  /** Whether that is so. */
  readonly only: boolean;
  readonly qualified: Sql;
  /** Whether INSERT can name the key in ON CONFLICT; otherwise the table is locked and inserts look first. */
  readonly arbiter: boolean;
  /** Whether a listed column is GENERATED ALWAYS AS IDENTITY. */
  readonly overriding: boolean;
  /** What refers to its rows by foreign keys that act when one is deleted. */
  readonly children: readonly Children[];
}

/** Describes every changed table. Throws a plain error if the catalog lacks one: the comparison has seen them all. */
export function scriptTables(
  catalog: Catalog,
  tables: readonly ChangedTable[],
  writtenByTriggers: TriggerColumns = NO_TRIGGER_COLUMNS,
): Map<string, ScriptTable> {
  return new Map(
    tables.map((changed) => [
      nameKey(changed.table),
      scriptTable(catalog, { table: tableOf(catalog, changed.table), changed }, writtenByTriggers),
    ]),
  );
}

/** Columns that triggers may write, and what that means for the values of each side. */
export interface TriggerColumns {
  readonly matches: (table: TableName, column: string) => boolean;
  readonly checked: ScriptColumn["checked"];
}

const NO_TRIGGER_COLUMNS: TriggerColumns = {
  matches: () => false,
  checked: { before: true, after: true },
};

function scriptTable(
  catalog: Catalog,
  { table, changed }: { readonly table: Table; readonly changed: ChangedTable },
  triggers: TriggerColumns,
): ScriptTable {
  const columns = changed.columns.map((name) => {
    const column = scriptColumn(catalog, columnOf(table, name));
    return triggers.matches(table.name, name) ? { ...column, checked: triggers.checked } : column;
  });
  const keyPositions = changed.key.map((name) => changed.columns.indexOf(name));
  const inherited = hasHeirs(catalog, table);
  const name = qualified(table.name);
  return {
    name: table.name,
    label: formatName(table.name),
    changed,
    catalog: table,
    columns,
    key: keyPositions.flatMap((position) => columns[position] ?? []),
    keyPositions,
    only: inherited,
    target: inherited ? sql`ONLY ${name}` : name,
    qualified: name,
    arbiter: hasArbiter(table, changed.key),
    overriding: changed.columns.some((column) => columnOf(table, column).identity === "always"),
    children: childrenOf(catalog, { table: table.name, columns: changed.columns }, (child, name) =>
      scriptColumn(catalog, columnOf(tableOf(catalog, child), name)),
    ),
  };
}

function hasHeirs(catalog: Catalog, table: Table): boolean {
  return table.kind === "table" && inheritanceChildren(catalog, table.name).length > 0;
}

/** A table's name for reading what its constraints see: rows of tables that inherit from it are not among them. */
export function ownRows(catalog: Catalog, name: TableName): Sql {
  const inherited = hasHeirs(catalog, tableOf(catalog, name));
  return inherited ? sql`ONLY ${qualified(name)}` : qualified(name);
}

function tableOf(catalog: Catalog, name: TableName): Table {
  const table = tableByName(catalog).get(nameKey(name));
  if (!table) throw new Error(`${formatName(name)} is not in the catalog`);
  return table;
}

function columnOf(table: Table, name: string): Column {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`${formatName(table.name)} has no column ${name}`);
  return column;
}

/** How a column of production is written. */
export function scriptColumn(catalog: Catalog, column: Column): ScriptColumn {
  const base = resolveType(catalog, column.type);
  const foreign = base.kind === "base" && !base.type.array && base.type.schema !== "pg_catalog";
  return {
    name: column.name,
    notNull: column.notNull,
    equality: equalityOf(column, catalog),
    cast: castName(column.type),
    plain: castName(base.type),
    checked: { before: true, after: true },
    castLiterals: column.type.schema !== "pg_catalog",
    ...(foreign ? { operatorSchema: base.type.schema } : {}),
    ownCast:
      base.type.name === "xml" ||
      base.type.name === "bpchar" ||
      (foreign && !PLAIN_CASTS.has(base.type.name)),
    collatable: column.collation !== undefined || foreign || TEXT_TYPES.has(base.type.name),
  };
}

/** Types of well-known extensions whose cast to text prints what their output function does. */
const PLAIN_CASTS: ReadonlySet<string> = new Set(["citext", "hstore", "ltree"]);

const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "name"]);

/**
 * Whether an immediate, full unique index covers exactly the key: only that can decide conflicts. PostgreSQL refuses
 * ON CONFLICT on tables with INSERT or UPDATE rules, even disabled ones.
 */
function hasArbiter(table: Table, key: readonly string[]): boolean {
  if (table.rules.some(({ event }) => event !== "delete")) return false;
  const own = table.constraints.flatMap((constraint) =>
    (constraint.kind === "primary" || constraint.kind === "unique") &&
    sameSet(constraint.columns, key)
      ? [constraint]
      : [],
  );
  // It takes every index over these columns, and refuses if one of them is deferrable.
  if (own.some(({ deferrable }) => deferrable !== "no")) return false;
  const constrained = own.length > 0;
  return constrained || table.uniqueIndexes.some((index) => coversExactly(index, key));
}

function coversExactly(index: UniqueIndex, key: readonly string[]): boolean {
  if (index.predicate !== undefined) return false;
  const columns = index.parts.flatMap((part) => ("column" in part ? [part.column] : []));
  return columns.length === index.parts.length && sameSet(columns, key);
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}

/** The condition that finds one row by its key. `row` is the prefix of the table's columns, e.g. `t.`, or empty. */
export function keyCondition(table: ScriptTable, key: readonly Datum[], row: Sql): Sql {
  return join(
    table.key.map((column, index) => keyIs(column, key[index] ?? null, row)),
    " AND ",
  );
}

/** The column list in parentheses. */
export function columnList(columns: readonly ScriptColumn[]): Sql {
  return sql`(${join(
    columns.map((column) => ident(column.name)),
    ", ",
  )})`;
}

/** A row of values for VALUES, casts on every value where `typed`. */
export function valueRow(values: readonly Datum[], types: readonly Sql[] | undefined): Sql {
  return sql`(${join(
    values.map((value, index) => {
      const type = types?.[index];
      return type ? sql`${datum(value)}::${type}` : datum(value);
    }),
    ", ",
  )})`;
}
