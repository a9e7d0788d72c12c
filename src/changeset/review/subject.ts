/**
 * What a review looks at: a changeset and the two sides it came from, which are still open.
 */
import { resolveType, tableByName } from "../../catalog/lookup.ts";
import type { TablePair } from "../../catalog/pair.ts";
import type { Catalog, Column, Table, TypeRef } from "../../catalog/types.ts";
import { type Change, type Datum, valueAfter } from "../../compare/change.ts";
import { ExpectedError } from "../../errors.ts";
import { nameKey } from "../../names.ts";
import type { Source } from "../../sources/source.ts";
import type { ChangedTable, Changeset } from "../types.ts";
import { totalOf } from "../types.ts";

export interface Subject {
  readonly changeset: Changeset;
  readonly catalogs: { readonly production: Catalog; readonly local: Catalog };
  readonly sources: { readonly production: Source; readonly local: Source };
  /** The tables that were compared. */
  readonly pairs: readonly TablePair[];
  /** Those of which a condition left rows out. */
  readonly filtered: ReadonlySet<TablePair>;
}

/** A table that the script writes, as production has it. */
export interface Touched {
  readonly changed: ChangedTable;
  readonly pair: TablePair;
  readonly production: Table;
  readonly local: Table;
}

/** The tables with changes that are not withheld, by name. */
export function touchedTables({ changeset, catalogs, pairs }: Subject): readonly Touched[] {
  const local = tableByName(catalogs.local);
  const byName = new Map(pairs.map((pair) => [nameKey(pair.name), pair]));
  return changeset.tables.flatMap((changed) => {
    const pair = byName.get(nameKey(changed.table));
    const theirs = local.get(nameKey(changed.table));
    if (!pair || !theirs || totalOf(changed.counts) === 0) return [];
    return [{ changed, pair, production: pair.production, local: theirs }];
  });
}

/** The columns of a changed table as production has them, aligned with `changed.columns`. */
export function changedColumns({ changed, production }: Touched): readonly (Column | undefined)[] {
  return changed.columns.map((name) => production.columns.find((column) => column.name === name));
}

/** Whether the change writes the column: inserts write all. */
export function writes(change: Change, position: number): boolean {
  return (
    change.kind === "insert" || (change.kind === "update" && change.columns.includes(position))
  );
}

/** Whether any update of the table writes the column. */
export function isUpdated({ profiles }: ChangedTable, position: number): boolean {
  return (profiles.update.columns[position]?.rows ?? 0) > 0;
}

/** The value that the change writes to the column; undefined where it writes none. */
export function written(change: Change, position: number): Datum | undefined {
  return writes(change, position) ? valueAfter(change, position) : undefined;
}

/** The pg_type name under all domains, where the type is one of pg_catalog and no array. */
export function builtinName(catalog: Catalog, type: TypeRef): string | undefined {
  const resolved = resolveType(catalog, type).type;
  return resolved.schema === "pg_catalog" && !resolved.array ? resolved.name : undefined;
}

/** Rows of a catalog query on a live side; none where the side is a dump, or the server does not answer it. */
export async function ask(
  source: Source,
  query: string,
  parameters: readonly (string | null)[] = [],
): Promise<(string | null)[][]> {
  if (source.kind !== "database") return [];
  try {
    return await source.query(query, parameters);
  } catch (cause) {
    // Roles and servers that hide a catalog shall still be compared.
    if (cause instanceof ExpectedError && cause.failure.code === "query") return [];
    throw cause;
  }
}
