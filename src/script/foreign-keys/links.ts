/**
 * Foreign keys from and to a touched table, those of single partitions among them.
 */
import {
  foreignKeysTo,
  partitionRoot,
  partitionTree,
  resolveType,
  tableByName,
} from "../../catalog/lookup.ts";
import type { Catalog, ForeignKey } from "../../catalog/types.ts";
import { nameKey, quoteName, type TableName } from "../../names.ts";
import type { Plan } from "../../order/steps.ts";
import { literal, type Sql, sql } from "../sql.ts";

/** A foreign key and the table that defines it: a partition where only that one has it. */
export interface Link {
  readonly child: TableName;
  readonly foreignKey: ForeignKey;
  /** Whether a single partition has it, or is referred to: the shape guard does not know of it. */
  readonly isPart: boolean;
}

/** The foreign keys that rows of the table are held to and that a query can ask about, by the tables of its tree. */
export function linksFrom(catalog: Catalog, table: TableName): readonly Link[] {
  return partitionTree(catalog, table)
    .flatMap((child) =>
      (tableByName(catalog).get(nameKey(child))?.constraints ?? []).flatMap((constraint) =>
        constraint.kind === "foreign" && isEnforced(constraint)
          ? [linkOf(catalog, child, constraint)]
          : [],
      ),
    )
    .filter((link) => comparesAlike(catalog, link));
}

/** The foreign keys that refer to rows of the table or of one of its partitions; whether a query can ask about them, `comparesAlike` tells. */
export function linksTo(catalog: Catalog, table: TableName): readonly Link[] {
  return partitionTree(catalog, table).flatMap((member) =>
    foreignKeysTo(catalog, member).flatMap(({ table: child, foreignKey }) =>
      isEnforced(foreignKey) ? [linkOf(catalog, child, foreignKey)] : [],
    ),
  );
}

function linkOf(catalog: Catalog, child: TableName, foreignKey: ForeignKey): Link {
  const isPart = [child, foreignKey.references].some(
    (name) => tableByName(catalog).get(nameKey(name))?.partitionOf !== undefined,
  );
  return { child, foreignKey, isPart };
}

/** Whether the foreign key leads back into the table that has it, or a partition of the same. */
export function isWithin(catalog: Catalog, { child, foreignKey }: Link): boolean {
  const root = (name: TableName) => nameKey(partitionRoot(catalog, name));
  return root(child) === root(foreignKey.references);
}

/** Types between which `=` means the same whichever of them a value has. */
const FAMILIES: readonly ReadonlySet<string>[] = [
  new Set(["int2", "int4", "int8"]),
  new Set(["text", "varchar"]),
];

/**
 * Whether `=` between the columns is what PostgreSQL asks. Where types differ, it casts one to the other (text to char(n), numeric to real)
 * before it compares, and only it can tell.
 */
export function comparesAlike(catalog: Catalog, { child, foreignKey }: Link): boolean {
  const typeOf = (table: TableName, name: string) => {
    const columns = tableByName(catalog).get(nameKey(table))?.columns ?? [];
    const column = columns.find((candidate) => candidate.name === name);
    return column && resolveType(catalog, column.type).type;
  };
  return foreignKey.columns.every((name, n) => {
    const own = typeOf(child, name);
    const other = typeOf(foreignKey.references, foreignKey.referencedColumns[n] ?? "");
    if (!own || !other || own.array !== other.array) return false;
    const areBuiltIn = own.schema === "pg_catalog" && other.schema === "pg_catalog" && !own.array;
    return (
      nameKey(own) === nameKey(other) ||
      (areBuiltIn && FAMILIES.some((names) => names.has(own.name) && names.has(other.name)))
    );
  });
}

/** From PostgreSQL 18 on a foreign key may only be for show. */
function isEnforced({ definition }: ForeignKey): boolean {
  return !definition.endsWith(" NOT ENFORCED");
}

/** Whether PostgreSQL checks it at the end of the transaction. SET CONSTRAINTS means all of one name in a schema. */
export function isDeferred({ deferred }: Plan, { child, foreignKey }: Link): boolean {
  const { deferrable, name } = foreignKey;
  return (
    deferrable === "deferred" ||
    (deferrable === "immediate" &&
      deferred.some((other) => other.name === name && other.table.schema === child.schema))
  );
}

/** Whether a row that others refer to must stay: nothing acts on them when it is deleted or updated. */
export function keepsParent({ foreignKey }: Link, kind: "delete" | "update"): boolean {
  const action = kind === "delete" ? foreignKey.onDelete : foreignKey.onUpdate;
  return action === "no action" || action === "restrict";
}

/** `row` stands in the partition, or below it. */
export function inPartition(partition: TableName, row: Sql): Sql {
  return sql`${row}.tableoid IN (SELECT relid FROM pg_partition_tree(to_regclass(${literal(quoteName(partition))})))`;
}
