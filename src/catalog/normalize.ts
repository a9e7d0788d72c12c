/**
 * Makes the catalogs of one database equal, whether a server or a dump told: order, inherited columns, and texts that depend on
 * the session. Knows nothing of either origin.
 */
import { compareNames, compareText, nameKey, type QualifiedName } from "../names.ts";
import { normalizeText } from "./text.ts";
import type { Catalog, Column, Constraint, Table, UniqueIndex, UserType } from "./types.ts";

/** The same catalog with every list in its order and every text in its normal form. */
export function normalizeCatalog(catalog: Catalog): Catalog {
  const tables = new Map(catalog.tables.map((table) => [nameKey(table.name), table]));
  const columns = inheritanceOrder(tables);
  return {
    tables: byQualifiedName(catalog.tables).map((table) =>
      normalizeTable(table, columns(table), tables),
    ),
    sequences: byQualifiedName(catalog.sequences),
    types: byQualifiedName(catalog.types).map(normalizeType),
    collations: byQualifiedName(catalog.collations),
    extensions: byName(catalog.extensions),
    publications: byName(catalog.publications).map((publication) => ({
      ...publication,
      tables: [...publication.tables].sort(compareNames),
      schemas: [...publication.schemas].sort(compareText),
    })),
    materializedViews: [...catalog.materializedViews].sort(compareNames),
  };
}

function normalizeTable(
  table: Table,
  columns: readonly Column[],
  tables: ReadonlyMap<string, Table>,
): Table {
  const parent = table.partitionOf && tables.get(nameKey(table.partitionOf));
  return {
    ...table,
    columns: columns.map((column) => normalizeColumn(column, parent)),
    constraints: byName(table.constraints).map(normalizeConstraint),
    uniqueIndexes: byName(table.uniqueIndexes).map(normalizeIndex),
    triggers: byName(table.triggers).map(normalizeDefinition),
    rules: byName(table.rules).map(normalizeDefinition),
    policies: [...table.policies].sort(compareText),
  };
}

/**
 * From 17 on, partitions take the identity of their parent's columns; before, they have none or one of their own. It is left out
 * where the parent has it: rows come in through the root.
 */
function normalizeColumn(column: Column, parent: Table | undefined): Column {
  const inherited = parent?.columns.some(
    ({ name, identity }) => name === column.name && identity !== undefined,
  );
  const { identity, generated, ...rest } = column;
  return {
    ...rest,
    ...(column.default === undefined ? {} : { default: normalizeText(column.default) }),
    ...(identity === undefined || inherited ? {} : { identity }),
    ...(generated
      ? { generated: { ...generated, expression: normalizeText(generated.expression) } }
      : {}),
  };
}

function normalizeConstraint(constraint: Constraint): Constraint {
  return { ...constraint, definition: normalizeText(constraint.definition) };
}

function normalizeDefinition<T extends { readonly definition: string }>(item: T): T {
  return { ...item, definition: normalizeText(item.definition) };
}

function normalizeIndex(index: UniqueIndex): UniqueIndex {
  const { predicate } = index;
  return {
    ...normalizeDefinition(index),
    parts: index.parts.map((part) =>
      "expression" in part ? { expression: normalizeText(part.expression) } : part,
    ),
    ...(predicate === undefined ? {} : { predicate: normalizeText(predicate) }),
  };
}

function normalizeType(type: UserType): UserType {
  if (type.kind !== "domain") return type;
  return {
    ...type,
    ...(type.default === undefined ? {} : { default: normalizeText(type.default) }),
    checks: byName(type.checks).map(normalizeDefinition),
  };
}

/**
 * The columns of a table in the order in which a restored dump has them: those of its INHERITS parents first, then its own. On a
 * server a column that a parent got late stands behind the child's own ones, which a dump's DDL does not tell.
 */
function inheritanceOrder(tables: ReadonlyMap<string, Table>): (table: Table) => readonly Column[] {
  const known = new Map<string, readonly Column[]>();
  const ordered = (table: Table): readonly Column[] => {
    if (table.inherits.length === 0) return table.columns;
    const key = nameKey(table.name);
    const done = known.get(key);
    if (done) return done;
    known.set(key, table.columns);
    const first = table.inherits.flatMap((parent) => {
      const definition = tables.get(nameKey(parent));
      return definition ? ordered(definition).map(({ name }) => name) : [];
    });
    const own = new Map(table.columns.map((column) => [column.name, column]));
    const names = new Set([...first.filter((name) => own.has(name)), ...own.keys()]);
    const columns = [...names].flatMap((name) => own.get(name) ?? []);
    known.set(key, columns);
    return columns;
  };
  return ordered;
}

function byQualifiedName<T extends { readonly name: QualifiedName }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => compareNames(a.name, b.name));
}

function byName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => compareText(a.name, b.name));
}
