/**
 * Production and local side by side: which tables are comparable, by which columns and key, and what is left out and why.
 */
import { ExpectedError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import { compareNames, formatName, nameKey, quoteIdentifier, type TableName } from "../names.ts";
import { foreignKeysTo, keyCandidates, partitionTree, tableByName } from "./lookup.ts";
import { mentions } from "./mentions.ts";
import { columnMatcher, matchesTable, tableMatcher } from "./patterns.ts";
import type { Catalog, Column, Table } from "./types.ts";

/** A table that exists on both sides. */
export interface TablePair {
  readonly name: TableName;
  readonly production: Table;
  readonly local: Table;
  /** The columns compared and written, in production's order: on both sides, not generated, not ignored. */
  readonly columns: readonly string[];
  /** The columns that identify a row; undefined where there is none. */
  readonly key: readonly string[] | undefined;
  /** Whether a unique index of that side vouches for the key. */
  readonly unique: { readonly production: boolean; readonly local: boolean };
  /** The tables that may hold the rows of each side. */
  readonly parts: {
    readonly production: readonly TableName[];
    readonly local: readonly TableName[];
  };
}

export interface PairOptions {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly keys: readonly { readonly table: string; readonly columns: readonly string[] }[];
  readonly ignoreColumns: readonly string[];
  /** What scripts keep for themselves: not compared unless `include` names the very table. */
  readonly ledger?: TableName;
  readonly backupSchema?: string;
}

export interface Pairing {
  /** By name. */
  readonly pairs: readonly TablePair[];
  readonly findings: readonly Finding[];
}

/** Pairs the tables of two catalogs by name. @throws ExpectedError `usage` for patterns and keys that match nothing. */
export function pairCatalogs(production: Catalog, local: Catalog, options: PairOptions): Pairing {
  const [ofProduction, ofLocal] = [tableByName(production), tableByName(local)];
  const names = [...new Map([...ofProduction, ...ofLocal]).values()]
    .map(({ name }) => name)
    .sort(compareNames);
  const roots = names.filter(
    (name) => !isLeaf(ofProduction.get(nameKey(name))) && !isLeaf(ofLocal.get(nameKey(name))),
  );
  const chosen = choose(roots, options);
  const ignored = columnMatcher(options.ignoreColumns);
  const findings: Finding[] = [];
  const pairs: TablePair[] = [];
  for (const name of roots) {
    const [ours, theirs] = [ofProduction.get(nameKey(name)), ofLocal.get(nameKey(name))];
    const reason = chosen(name) ?? foreignReason(production, ours) ?? foreignReason(local, theirs);
    if (reason !== undefined) findings.push(finding({ code: "not_compared", table: name, reason }));
    else if (!ours)
      findings.push(finding({ code: "table_missing", table: name, in: "production" }));
    else if (!theirs) findings.push(finding({ code: "table_missing", table: name, in: "local" }));
    else {
      const { columns, notes } = pairColumns(ours, theirs, ignored);
      findings.push(...notes);
      const named = options.keys.find(({ table }) => matchesTable(table, name));
      const key = named ? namedKey(named.columns, ours, columns) : commonKey(ours, theirs, columns);
      const unique = { production: isUnique(ours, key), local: isUnique(theirs, key) };
      if (key && !unique.production)
        findings.push(finding({ code: "key_without_index", table: name, key }));
      const parts = {
        production: partitionTree(production, name),
        local: partitionTree(local, name),
      };
      pairs.push({ name, production: ours, local: theirs, columns, key, unique, parts });
    }
  }
  ignored.assertUsed();
  return { pairs, findings };
}

function isLeaf(table: Table | undefined): boolean {
  return table?.partitionOf !== undefined;
}

function foreignReason(catalog: Catalog, table: Table | undefined): string | undefined {
  if (table?.kind === "foreign") return "it is a foreign table, its rows live on another server";
  const byName = tableByName(catalog);
  const foreign =
    table &&
    partitionTree(catalog, table.name).find(
      (name) => byName.get(nameKey(name))?.kind === "foreign",
    );
  return foreign && `its partition ${formatName(foreign)} is a foreign table`;
}

/** Tells why a table is left out, or undefined. Patterns and keys that match no table are mistakes. */
function choose(
  names: readonly TableName[],
  { include, exclude, keys, ledger, backupSchema }: PairOptions,
): (name: TableName) => string | undefined {
  const known = [...include, ...exclude, ...keys.map(({ table }) => table)];
  for (const pattern of known) {
    if (!names.some((name) => matchesTable(pattern, name))) {
      throw new ExpectedError({
        code: "usage",
        message: `no table matches ${JSON.stringify(pattern)}; write schema.table, with * for any characters (rowpatch inspect lists the tables)`,
      });
    }
  }
  const included = include.length > 0 ? tableMatcher(include) : () => true;
  const excluded = tableMatcher(exclude);
  const isNamed = (name: TableName) =>
    include.includes(`${name.schema}.${name.name}`) || include.includes(formatName(name));
  return (name) => {
    if (!included(name)) return "--include does not name it";
    if (ledger && nameKey(ledger) === nameKey(name) && !isNamed(name)) return "it is the ledger";
    if (backupSchema === name.schema && !isNamed(name)) return "it is a backup of rows";
    return excluded(name) ? "--exclude names it" : undefined;
  };
}

function pairColumns(
  production: Table,
  local: Table,
  ignored: ReturnType<typeof columnMatcher>,
): { readonly columns: readonly string[]; readonly notes: readonly Finding[] } {
  const table = production.name;
  const notes: Finding[] = [];
  const columns: string[] = [];
  for (const column of production.columns) {
    const other = local.columns.find(({ name }) => name === column.name);
    if (ignored.matches(table, column.name)) {
      notes.push(
        finding({
          code: "column_not_compared",
          table,
          column: column.name,
          reason: "--ignore-column names it",
        }),
      );
    } else if (column.generated) {
      notes.push(
        finding({
          code: "column_not_compared",
          table,
          column: column.name,
          reason: "production generates it",
        }),
      );
    } else if (!other || other.generated) {
      notes.push(finding({ code: "column_missing", table, column: column.name, in: "local" }));
    } else {
      columns.push(column.name);
      notes.push(...typeNotes(table, column, other));
    }
  }
  for (const { name, generated } of local.columns) {
    if (generated || production.columns.some((column) => column.name === name)) continue;
    if (!ignored.matches(table, name))
      notes.push(finding({ code: "column_missing", table, column: name, in: "production" }));
  }
  return { columns, notes };
}

function typeNotes(table: TableName, ours: Column, theirs: Column): readonly Finding[] {
  const [production, local] = [ours.type.formatted, theirs.type.formatted];
  if (production === local) return [];
  const same =
    ours.type.schema === theirs.type.schema &&
    ours.type.name === theirs.type.name &&
    ours.type.array === theirs.type.array;
  return [
    finding({
      code: same ? "column_modifier" : "column_type",
      table,
      column: ours.name,
      production,
      local,
    }),
  ];
}

function namedKey(
  columns: readonly string[],
  table: Table,
  compared: readonly string[],
): readonly string[] {
  for (const column of columns) {
    if (compared.includes(column)) continue;
    const exists = table.columns.some(({ name }) => name === column);
    throw new ExpectedError({
      code: "usage",
      message: `--key names column ${JSON.stringify(column)} of ${formatName(table.name)}, which ${exists ? "is not compared" : "does not exist"}; its columns are ${compared.join(", ")}`,
    });
  }
  return columns;
}

/** The first key of production that local has too, else the first of production whose columns are compared. */
function commonKey(
  production: Table,
  local: Table,
  compared: readonly string[],
): readonly string[] | undefined {
  const usable = keysOf(production).filter((key) =>
    key.every((column) => compared.includes(column)),
  );
  return usable.find((key) => isUnique(local, key)) ?? usable[0];
}

/** NULL identifies nothing, even where an index takes it for equal to NULL. */
function keysOf(table: Table): readonly (readonly string[])[] {
  const required = new Set(table.columns.filter(({ notNull }) => notNull).map(({ name }) => name));
  return keyCandidates(table)
    .map(({ columns }) => columns)
    .filter((columns) => columns.every((column) => required.has(column)));
}

function isUnique(table: Table, key: readonly string[] | undefined): boolean {
  return (
    key !== undefined &&
    keysOf(table).some((columns) => columns.every((column) => key.includes(column)))
  );
}

/**
 * The columns that constraints of the table or foreign keys to it need to know of an unchanged row. Columns of the key are among them
 * only beside others: alone they never change.
 */
export function constrainedColumns(
  catalog: Catalog,
  { production, columns, key = [] }: TablePair,
): readonly string[] {
  const needed = new Set<string>();
  const need = (together: readonly string[]) => {
    if (together.some((column) => !key.includes(column)))
      for (const column of together) needed.add(column);
  };
  const mentioned = (text: string): readonly string[] => {
    const made = production.columns.flatMap(({ name, generated }) =>
      generated && mentions(text, [name]).length > 0 ? mentions(generated.expression, columns) : [],
    );
    return [...mentions(text, columns), ...made];
  };
  // A partition may have constraints of its own.
  const byName = tableByName(catalog);
  const tree = partitionTree(catalog, production.name).flatMap(
    (name) => byName.get(nameKey(name)) ?? [],
  );
  for (const constraint of tree.flatMap(({ constraints }) => constraints)) {
    if (constraint.kind === "check") continue;
    if (constraint.kind === "exclusion") need(mentioned(constraint.definition));
    else need(constraint.columns.map(quoteIdentifier).flatMap(mentioned));
  }
  for (const { parts, predicate = "" } of tree.flatMap(({ uniqueIndexes }) => uniqueIndexes)) {
    const texts = parts.map((part) =>
      "column" in part ? quoteIdentifier(part.column) : part.expression,
    );
    need([...texts, predicate].flatMap(mentioned));
  }
  for (const { foreignKey } of tree.flatMap(({ name }) => foreignKeysTo(catalog, name)))
    need(foreignKey.referencedColumns);
  return columns.filter((column) => needed.has(column));
}
