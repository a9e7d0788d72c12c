/**
 * Finds values of unique columns that change hands between rows: one change gives the value up, another takes it.
 */
import { tableByName } from "../catalog/lookup.ts";
import type { Catalog, Table } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import { type Change, type Datum, valueAfter, valueBefore } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import { tuple } from "./references.ts";

/** One finding for each unique constraint or index in which values change hands. Holds the given-up values of one index at a time. */
export async function uniqueMoves(
  catalog: Catalog,
  changeset: Changeset,
): Promise<readonly Finding[]> {
  const byName = tableByName(catalog);
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const table = byName.get(nameKey(changed.table));
    const { insert, update, delete: deleted } = changed.counts;
    if (!table || update + deleted === 0 || insert + update === 0) continue;
    for (const index of uniqueColumns(table, changed)) {
      const moved = await movedValues(changeset, changed, index.positions);
      if (moved > 0)
        findings.push(
          finding({
            code: "unique_value_moves",
            table: changed.table,
            index: index.name,
            values: moved,
          }),
        );
    }
  }
  return findings;
}

/** Unique constraints and indexes over plain columns, other than the key that rows are paired by. */
function uniqueColumns(
  table: Table,
  changed: ChangedTable,
): readonly { name: string; positions: readonly number[] }[] {
  const constraints = table.constraints.flatMap((constraint) =>
    constraint.kind === "primary" || constraint.kind === "unique"
      ? [{ name: constraint.name, columns: constraint.columns }]
      : [],
  );
  const indexes = table.uniqueIndexes.flatMap(({ name, parts }) => {
    const columns = parts.flatMap((part) => ("column" in part ? [part.column] : []));
    return columns.length === parts.length ? [{ name, columns }] : [];
  });
  return [...constraints, ...indexes].flatMap(({ name, columns }) => {
    const positions = columns.map((column) => changed.columns.indexOf(column));
    const isKey =
      columns.length === changed.key.length &&
      columns.every((column) => changed.key.includes(column));
    return isKey || positions.includes(-1) ? [] : [{ name, positions }];
  });
}

async function movedValues(
  changeset: Changeset,
  changed: ChangedTable,
  positions: readonly number[],
): Promise<number> {
  const givenUp = new Set<string>();
  for await (const change of changeset.changes(changed.table)) {
    const value = concerns(change, positions)
      ? tuple(values(change, positions, valueBefore))
      : undefined;
    if (value !== undefined) givenUp.add(value);
  }
  if (givenUp.size === 0) return 0;
  let moved = 0;
  for await (const change of changeset.changes(changed.table)) {
    const value = concerns(change, positions)
      ? tuple(values(change, positions, valueAfter))
      : undefined;
    if (value !== undefined && givenUp.has(value)) moved += 1;
  }
  return moved;
}

function concerns(change: Change, positions: readonly number[]): boolean {
  return (
    change.kind !== "update" || change.columns.some((position) => positions.includes(position))
  );
}

function values(
  change: Change,
  positions: readonly number[],
  side: (change: Change, position: number) => Datum | undefined,
): readonly (Datum | undefined)[] {
  return positions.map((position) => side(change, position));
}
