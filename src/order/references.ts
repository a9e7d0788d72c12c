/**
 * The foreign keys between touched tables, by positions in their changed columns. Partitions count as their root.
 */
import { partitionRoot, tableByName } from "../catalog/lookup.ts";
import { mentions } from "../catalog/mentions.ts";
import type { Catalog, ForeignKey, Table } from "../catalog/types.ts";
import type { ChangedTable } from "../changeset/types.ts";
import type { Datum } from "../compare/change.ts";
import { compareNames, nameKey, type TableName } from "../names.ts";
import { nullFits, takesNullOf } from "./parking.ts";
import { spellingOf, type UniqueRule, uniqueRules } from "./unique-rules.ts";

/** A foreign key from one touched table to another, or to itself. */
export interface Reference {
  readonly foreignKey: ForeignKey;
  /** The table that defines it: for SET CONSTRAINTS. */
  readonly definedOn: TableName;
  readonly child: ChangedTable;
  readonly parent: ChangedTable;
  /** Positions of the columns in `child.columns` and `parent.columns`; undefined where a column is not compared. */
  readonly childPositions: readonly number[] | undefined;
  readonly parentPositions: readonly number[] | undefined;
  /** Positions of child columns that may be NULL and thereby end the reference; empty if none. */
  readonly nullable: readonly number[];
  /** The values of either side as a key for maps: references that PostgreSQL takes for the same have the same. */
  readonly tuple: Tuple;
}

/** All references among `tables`, by child and name. */
export function references(
  catalog: Catalog,
  tables: readonly ChangedTable[],
): readonly Reference[] {
  const touched = new Map(tables.map((table) => [nameKey(table.table), table]));
  const found: Reference[] = [];
  // The same for a table and all its partitions, of which there may be thousands.
  const rules = new Map<ChangedTable, readonly UniqueRule[]>();
  for (const table of catalog.tables) {
    const child = touched.get(nameKey(partitionRoot(catalog, table.name)));
    if (!child || table.constraints.every(({ kind }) => kind !== "foreign")) continue;
    const own = rules.get(child) ?? uniqueRules(catalog, table, child);
    rules.set(child, own);
    const takesNull = nullTaker(catalog, { table, changed: child }, own);
    for (const constraint of table.constraints) {
      if (constraint.kind !== "foreign") continue;
      const parent = touched.get(nameKey(partitionRoot(catalog, constraint.references)));
      if (!parent) continue;
      const childPositions = positions(child, constraint.columns);
      const parentPositions = positions(parent, constraint.referencedColumns);
      const nullable = (childPositions ?? []).filter((position) =>
        takesNull(child.columns[position] ?? ""),
      );
      found.push({
        foreignKey: constraint,
        definedOn: table.name,
        child,
        parent,
        childPositions,
        parentPositions,
        tuple: spelledTuple(catalog, constraint.references, constraint.referencedColumns),
        nullable:
          constraint.match === "full" && nullable.length < constraint.columns.length
            ? []
            : nullable,
      });
    }
  }
  return found.sort(
    (a, b) =>
      compareNames(a.definedOn, b.definedOn) || (a.foreignKey.name < b.foreignKey.name ? -1 : 1),
  );
}

/** Values of some columns as a key for maps; `undefined` where one is NULL or not known, which refers to nothing. */
export type Tuple = (values: readonly (Datum | undefined)[]) => string | undefined;

/** Keys that are the same for values which a unique index over these columns takes for equal, as far as texts tell. */
export function spelledTuple(catalog: Catalog, name: TableName, columns: readonly string[]): Tuple {
  const table = tableByName(catalog).get(nameKey(name));
  const spelling = columns.map((column) => {
    const spell = table ? spellingOf(catalog, table, column) : undefined;
    return typeof spell === "function" ? spell : (text: string) => text;
  });
  return (values) =>
    tuple(values.map((value, n) => (typeof value === "string" ? spelling[n]?.(value) : value)));
}

/** Which columns may be NULL for a while: neither a CHECK nor a unique index is in the way. */
function nullTaker(
  catalog: Catalog,
  { table, changed }: { readonly table: Table; readonly changed: ChangedTable },
  rules: readonly UniqueRule[],
): (name: string) => boolean {
  return (name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    const position = changed.columns.indexOf(name);
    return (
      column !== undefined &&
      !changed.key.includes(name) &&
      mentions(table.partitionKey ?? "", [name]).length === 0 &&
      nullFits(catalog, table, column) &&
      rules.every((rule) => takesNullOf(position)(rule))
    );
  };
}

function positions(table: ChangedTable, columns: readonly string[]): readonly number[] | undefined {
  const found = columns.map((column) => table.columns.indexOf(column));
  return found.includes(-1) ? undefined : found;
}

/** The values as a key for maps; `undefined` where one is NULL or not known, which refers to nothing. */
export function tuple(values: readonly (Datum | undefined)[]): string | undefined {
  if (values.some((value) => value === null || value === undefined)) return undefined;
  return JSON.stringify(values);
}
