/**
 * Rows that refer to a row by a foreign key that acts when it is deleted. A delete expects that there are none left: a child that
 * someone has changed would go unseen with its parent, for the count of its table would be right.
 */
import { partitionRoot, tableByName } from "../catalog/lookup.ts";
import type { Catalog } from "../catalog/types.ts";
import type { Datum } from "../compare/change.ts";
import { nameKey, type TableName } from "../names.ts";
import { datum, operator, type ScriptColumn } from "./column.ts";
import { inPartition, keepsParent, linksTo } from "./foreign-keys/links.ts";
import { ident, join, qualified, type Sql, sql } from "./sql.ts";

/** One such foreign key. */
export interface Children {
  readonly table: TableName;
  /** The table that refers, with ONLY where others may inherit from it. */
  readonly from: Sql;
  /** Whether rows of a table refer to rows of the same. */
  readonly same: boolean;
  /** Set where only rows of one partition are referred to. */
  readonly partition: TableName | undefined;
  readonly columns: readonly {
    readonly child: ScriptColumn;
    /** Of the column referred to, among the parent's changed columns. */
    readonly position: number;
  }[];
}

/** The foreign keys to `table` or one of its partitions that act on delete. Those to columns that are not compared are left out: the effects check sees them. */
export function childrenOf(
  catalog: Catalog,
  { table, columns }: { readonly table: TableName; readonly columns: readonly string[] },
  describe: (child: TableName, column: string) => ScriptColumn,
): readonly Children[] {
  return linksTo(catalog, table).flatMap((link) => {
    const { child, foreignKey } = link;
    if (keepsParent(link, "delete")) return [];
    const pairs = foreignKey.columns.map((name, n) => ({
      child: describe(child, name),
      position: columns.indexOf(foreignKey.referencedColumns[n] ?? ""),
    }));
    if (pairs.some(({ position }) => position < 0)) return [];
    const partitioned = tableByName(catalog).get(nameKey(child))?.kind === "partitioned";
    const from = partitioned ? qualified(child) : sql`ONLY ${qualified(child)}`;
    const same = nameKey(partitionRoot(catalog, child)) === nameKey(table);
    const whole = nameKey(foreignKey.references) === nameKey(table);
    const partition = whole ? undefined : foreignKey.references;
    return [{ table: child, from, same, partition, columns: pairs }];
  });
}

/**
 * Conditions that nothing refers to the row with these values any more. `but` names rows of the same table, as `c`, that may: those
 * which the same statement deletes.
 */
export function unreferenced(
  { children, qualified: row }: { readonly children: readonly Children[]; readonly qualified: Sql },
  before: readonly Datum[],
  but?: Sql,
): readonly Sql[] {
  return children.flatMap(({ from, same, partition, columns }) => {
    const values = columns.map(({ position }) => before[position] ?? null);
    // A reference to NULL does not exist.
    if (values.includes(null)) return [];
    const refers = columns.map(({ child }, n) => {
      const value = datum(values[n] ?? null);
      const typed = child.castLiterals ? sql`${value}::${child.cast}` : value;
      return sql`c.${ident(child.name)} ${operator(child)} ${typed}`;
    });
    return [none(from, [...refers, ...standsIn(partition, row)], same ? but : undefined)];
  });
}

/** The same for each row `t` of a set-based delete. */
export function allUnreferenced(
  children: readonly Children[],
  parent: readonly ScriptColumn[],
  but?: Sql,
): readonly Sql[] {
  return children.map(({ from, same, partition, columns }) => {
    const refers = columns.map(
      ({ child, position }) =>
        sql`c.${ident(child.name)} ${operator(child)} t.${ident(parent[position]?.name ?? "")}`,
    );
    return none(from, [...refers, ...standsIn(partition, sql`t`)], same ? but : undefined);
  });
}

/** `row`, which is to be deleted, stands in the partition: the same values may stand in others. */
function standsIn(partition: TableName | undefined, row: Sql): readonly Sql[] {
  return partition ? [inPartition(partition, row)] : [];
}

function none(from: Sql, refers: readonly Sql[], but: Sql | undefined): Sql {
  const conditions = but === undefined ? refers : [...refers, sql`NOT (${but})`];
  return sql`NOT EXISTS (SELECT FROM ${from} AS c WHERE ${join(conditions, " AND ")})`;
}
