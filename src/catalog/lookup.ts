/**
 * Questions that later stages ask of a catalog: tables by name, trees of partitions, keys, what a type is made of.
 */
import { compareNames, nameKey, type QualifiedName, type TableName } from "../names.ts";
import type { Catalog, ForeignKey, Table, TypeRef, UniqueIndex, UserType } from "./types.ts";

interface Lookups {
  readonly tables: ReadonlyMap<string, Table>;
  readonly partitions: ReadonlyMap<string, readonly TableName[]>;
  readonly children: ReadonlyMap<string, readonly TableName[]>;
  readonly references: ReadonlyMap<string, readonly Reference[]>;
  readonly types: ReadonlyMap<string, UserType>;
}

/** Catalogs do not change, so what was worked out once holds. */
const known = new WeakMap<Catalog, Lookups>();

function lookups(catalog: Catalog): Lookups {
  const done = known.get(catalog);
  if (done) return done;
  const partitions = new Map<string, TableName[]>();
  const children = new Map<string, TableName[]>();
  const references = new Map<string, Reference[]>();
  for (const table of catalog.tables) {
    if (table.partitionOf) push(partitions, table.partitionOf, table.name);
    for (const parent of table.inherits) push(children, parent, table.name);
    for (const constraint of table.constraints) {
      if (constraint.kind !== "foreign") continue;
      push(references, constraint.references, { table: table.name, foreignKey: constraint });
    }
  }
  const tables = new Map(catalog.tables.map((table) => [nameKey(table.name), table]));
  const types = new Map(catalog.types.map((type) => [nameKey(type.name), type]));
  const made = { tables, partitions, children, references, types };
  known.set(catalog, made);
  return made;
}

function push<T>(lists: Map<string, T[]>, name: QualifiedName, item: T): void {
  const list = lists.get(nameKey(name));
  if (list) list.push(item);
  else lists.set(nameKey(name), [item]);
}

/** Every table by {@link nameKey}. */
export function tableByName(catalog: Catalog): ReadonlyMap<string, Table> {
  return lookups(catalog).tables;
}

/** Whether the table is a partition of another one. */
export function isPartition(table: Table): boolean {
  return table.partitionOf !== undefined;
}

/** The root first, then every partition below it at any depth, by name. Of a table that is not partitioned: itself. */
export function partitionTree(catalog: Catalog, root: TableName): TableName[] {
  const { partitions } = lookups(catalog);
  const below = [...(partitions.get(nameKey(root)) ?? [])];
  for (const name of below) below.push(...(partitions.get(nameKey(name)) ?? []));
  return [root, ...below.sort(compareNames)];
}

/** The topmost table of the tree that the table is a partition of; itself where it is none. */
export function partitionRoot(catalog: Catalog, name: TableName): TableName {
  const { tables } = lookups(catalog);
  let root = name;
  for (let up = tables.get(nameKey(name))?.partitionOf; up; ) {
    root = up;
    up = tables.get(nameKey(up))?.partitionOf;
  }
  return root;
}

/** The tables that hold the rows of a tree, by name: all of it but the partitioned ones. Foreign tables are among them. */
export function leafTables(catalog: Catalog, root: TableName): TableName[] {
  const { tables } = lookups(catalog);
  return partitionTree(catalog, root)
    .filter((name) => tables.get(nameKey(name))?.kind !== "partitioned")
    .sort(compareNames);
}

/** The tables that name this one in INHERITS, by name; their own children are not among them, and no partitions. */
export function inheritanceChildren(catalog: Catalog, parent: TableName): TableName[] {
  return [...(lookups(catalog).children.get(nameKey(parent)) ?? [])].sort(compareNames);
}

/** Columns that identify the rows of a table. */
export interface KeyCandidate {
  readonly kind: "primary" | "unique" | "index";
  /** Of the constraint or index. */
  readonly name: string;
  /** In the order of the index. */
  readonly columns: readonly string[];
  /** NULL equals NULL; else no column takes NULL. */
  readonly nullsNotDistinct: boolean;
  /** Whether ON CONFLICT can name it: false for a primary key that is deferrable. */
  readonly immediate: boolean;
}

/**
 * What identifies rows, the best first: the primary key, then unique constraints, then unique indexes, each by name. Left out is
 * what does not identify every row, or not at once: unique columns that take NULL, deferrable unique constraints, partial indexes,
 * and indexes of expressions.
 */
export function keyCandidates(table: Table): KeyCandidate[] {
  const required = new Set(table.columns.filter(({ notNull }) => notNull).map(({ name }) => name));
  const holds = ({ columns, nullsNotDistinct }: KeyCandidate): boolean =>
    nullsNotDistinct || columns.every((column) => required.has(column));
  const keys = table.constraints.flatMap(fromConstraint);
  const unique = [
    ...keys.filter(({ kind, immediate }) => kind === "unique" && immediate),
    ...table.uniqueIndexes.flatMap(fromIndex),
  ];
  return [...keys.filter(({ kind }) => kind === "primary"), ...unique.filter(holds)];
}

function fromConstraint(constraint: Table["constraints"][number]): KeyCandidate[] {
  if (constraint.kind !== "primary" && constraint.kind !== "unique") return [];
  const { kind, name, columns, nullsNotDistinct, deferrable } = constraint;
  return [{ kind, name, columns, nullsNotDistinct, immediate: deferrable === "no" }];
}

function fromIndex({ name, parts, predicate, nullsNotDistinct }: UniqueIndex): KeyCandidate[] {
  const columns = parts.flatMap((part) => ("column" in part ? [part.column] : []));
  if (predicate !== undefined || columns.length < parts.length) return [];
  return [{ kind: "index", name, columns, nullsNotDistinct, immediate: true }];
}

/** A foreign key with the table that has it. */
export interface Reference {
  readonly table: TableName;
  readonly foreignKey: ForeignKey;
}

/** Foreign keys that refer to the table, its own among them, in the order of the catalog. */
export function foreignKeysTo(catalog: Catalog, table: TableName): readonly Reference[] {
  return lookups(catalog).references.get(nameKey(table)) ?? [];
}

/** What a type is made of, once domains are taken off. */
export interface ResolvedType {
  /** Types of extensions count as base, for their definition is not known. */
  readonly kind: "base" | "enum" | "composite" | "range" | "multirange" | "array";
  /** The type itself; of an array with its element's name and `array` true. */
  readonly type: TypeRef;
  /** The domains taken off, the outermost first. */
  readonly domains: readonly QualifiedName[];
}

/** Ranges and multiranges of pg_catalog. */
const RANGES: ReadonlyMap<string, "range" | "multirange"> = new Map(
  ["int4", "int8", "num", "ts", "tstz", "date"].flatMap((prefix) => [
    [`${prefix}range`, "range"] as const,
    [`${prefix}multirange`, "multirange"] as const,
  ]),
);

/** Follows domains to the type beneath, and tells of what kind that is. The element of an array is resolved by another call. */
export function resolveType(catalog: Catalog, type: TypeRef): ResolvedType {
  const domains: QualifiedName[] = [];
  let current = type;
  for (;;) {
    if (current.array) return { kind: "array", type: current, domains };
    const found = userType(catalog, current);
    if (found?.kind !== "domain") return { kind: kindOf(catalog, current), type: current, domains };
    domains.push(found.name);
    current = found.base;
  }
}

function kindOf(catalog: Catalog, type: TypeRef): ResolvedType["kind"] {
  const found = userType(catalog, type);
  if (found && found.kind !== "domain") return found.kind;
  if (type.schema === "pg_catalog") return RANGES.get(type.name) ?? "base";
  const key = nameKey(type);
  const { tables } = lookups(catalog);
  if (tables.has(key)) return "composite";
  const isMultirange = catalog.types.some(
    (other) => other.kind === "range" && other.multirange && nameKey(other.multirange) === key,
  );
  return isMultirange ? "multirange" : "base";
}

function userType(catalog: Catalog, type: QualifiedName): UserType | undefined {
  return lookups(catalog).types.get(nameKey(type));
}
