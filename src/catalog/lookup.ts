/**
 * Questions about a catalog that later stages ask: names, partitions, inheritance, keys, types, references.
 */
import { nameKey, type QualifiedName, type TableName } from "../names.ts";
import type { Catalog, ForeignKey, Table, TypeRef, UserType } from "./types.ts";

/** What is derived from a catalog once and asked often. */
interface Index {
  readonly tables: ReadonlyMap<string, Table>;
  readonly types: ReadonlyMap<string, UserType>;
  /** Immediate partitions by parent. */
  readonly partitions: ReadonlyMap<string, readonly TableName[]>;
  /** Tables that name a parent in INHERITS, by parent. */
  readonly heirs: ReadonlyMap<string, readonly TableName[]>;
  readonly references: ReadonlyMap<string, readonly IncomingKey[]>;
}

/** A foreign key and the table that has it. */
export interface IncomingKey {
  readonly table: Table;
  readonly foreignKey: ForeignKey;
}

const INDEXES = new WeakMap<Catalog, Index>();

function indexOf(catalog: Catalog): Index {
  const known = INDEXES.get(catalog);
  if (known) return known;
  const partitions = new Map<string, TableName[]>();
  const heirs = new Map<string, TableName[]>();
  const references = new Map<string, IncomingKey[]>();
  for (const table of catalog.tables) {
    if (table.partitionOf) append(partitions, table.partitionOf, table.name);
    for (const parent of table.inherits) append(heirs, parent, table.name);
    for (const foreignKey of table.constraints) {
      if (foreignKey.kind === "foreign")
        append(references, foreignKey.references, { table, foreignKey });
    }
  }
  const index = {
    tables: new Map(catalog.tables.map((table) => [nameKey(table.name), table])),
    types: new Map(catalog.types.map((type) => [nameKey(type.name), type])),
    partitions,
    heirs,
    references,
  };
  INDEXES.set(catalog, index);
  return index;
}

function append<T>(map: Map<string, T[]>, name: QualifiedName, item: T): void {
  const items = map.get(nameKey(name)) ?? [];
  items.push(item);
  map.set(nameKey(name), items);
}

/** The tables by `nameKey` of their names. */
export function tableByName(catalog: Catalog): ReadonlyMap<string, Table> {
  return indexOf(catalog).tables;
}

/** The table itself and every partition below it, parents first, by name within a parent. */
export function partitionTree(catalog: Catalog, root: TableName): readonly TableName[] {
  const { partitions } = indexOf(catalog);
  const tree: TableName[] = [root];
  for (let at = 0; at < tree.length; at += 1) {
    const parent = tree[at];
    if (parent) tree.push(...(partitions.get(nameKey(parent)) ?? []));
  }
  return tree;
}

/** The topmost table of the partition tree that the table belongs to; the table itself where it is no partition. */
export function partitionRoot(catalog: Catalog, name: TableName): TableName {
  const { tables } = indexOf(catalog);
  let root = name;
  for (
    let parent = tables.get(nameKey(name))?.partitionOf;
    parent;
    parent = tables.get(nameKey(parent))?.partitionOf
  ) {
    root = parent;
  }
  return root;
}

/** Tables that inherit from the table by INHERITS; partitions are not among them. */
export function inheritanceChildren(catalog: Catalog, name: TableName): readonly TableName[] {
  return indexOf(catalog).heirs.get(nameKey(name)) ?? [];
}

/** Foreign keys that point to the table, its own included, in the order of the catalog. */
export function foreignKeysTo(catalog: Catalog, name: TableName): readonly IncomingKey[] {
  return indexOf(catalog).references.get(nameKey(name)) ?? [];
}

/**
 * Column lists that identify a row, best first: the primary key, then unique constraints, then unique indexes, each by name. Only
 * full ones over plain columns that are all NOT NULL. Deferrable ones identify rows too, though they cannot decide conflicts.
 */
export function keyCandidates(table: Table): readonly (readonly string[])[] {
  const notNull = new Set(table.columns.filter((column) => column.notNull).map(({ name }) => name));
  const rank = { primary: 0, unique: 1 };
  const constraints = table.constraints
    .flatMap((constraint) =>
      constraint.kind === "primary" || constraint.kind === "unique" ? [constraint] : [],
    )
    .sort((a, b) => rank[a.kind] - rank[b.kind]);
  const indexes = table.uniqueIndexes.flatMap(({ parts, predicate }) => {
    const columns = parts.flatMap((part) => ("column" in part ? [part.column] : []));
    return predicate === undefined && columns.length === parts.length ? [columns] : [];
  });
  return [...constraints.map(({ columns }) => columns), ...indexes].filter(
    (columns) => columns.length > 0 && columns.every((column) => notNull.has(column)),
  );
}

/** What a type is made of once domains are followed: the user type, or `base` for all others. An array resolves to itself. */
export function resolveType(
  catalog: Catalog,
  type: TypeRef,
): { readonly kind: Exclude<UserType["kind"], "domain">; readonly type: TypeRef } {
  const { types } = indexOf(catalog);
  let current = type;
  for (;;) {
    const user = current.array ? undefined : types.get(nameKey(current));
    if (user?.kind !== "domain") return { kind: user?.kind ?? "base", type: current };
    current = user.base;
  }
}
