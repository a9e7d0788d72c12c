/** Changesets from the rows of both sides, all in memory. */
import { constrainedColumns, type TablePair } from "../../src/catalog/pair.ts";
import type { Catalog } from "../../src/catalog/types.ts";
import type { Changeset } from "../../src/changeset/types.ts";
import type { Change, Datum } from "../../src/compare/change.ts";
import { sameDatum } from "../../src/compare/decode.ts";
import { changesetOf } from "./changeset.ts";
import { pairOf } from "./schema.ts";

export type Row = readonly Datum[];

/** Rows of tables of the schema `public`, in the order of their columns. */
export type Rows = Readonly<Record<string, readonly Row[]>>;

/** What turns production into local. */
export function changesBetween(catalog: Catalog, production: Rows, local: Rows): Changeset {
  const tables = [...new Set([...Object.keys(production), ...Object.keys(local)])].sort();
  return changesetOf(
    tables.map((name) => {
      const pair = pairOf(catalog, name);
      const { columns, key = [] } = pair;
      const changes = rowChanges(catalog, pair, [production[name] ?? [], local[name] ?? []]);
      return { table: pair.name, columns, key, changes };
    }),
  );
}

function rowChanges(
  catalog: Catalog,
  pair: TablePair,
  [production, local]: readonly [readonly Row[], readonly Row[]],
): readonly Change[] {
  const positions = (pair.key ?? []).map((column) => pair.columns.indexOf(column));
  const keyOf = (row: Row) => positions.map((position) => row[position] ?? null);
  const context = constrainedColumns(catalog, pair).map((column) => pair.columns.indexOf(column));
  const others = new Map(local.map((row) => [JSON.stringify(keyOf(row)), row]));
  const changes: Change[] = [];
  for (const before of production) {
    const key = keyOf(before);
    const after = others.get(JSON.stringify(key));
    others.delete(JSON.stringify(key));
    if (!after) changes.push({ kind: "delete", key, before });
    else changes.push(...updateOf(key, [before, after], context));
  }
  for (const after of others.values()) changes.push({ kind: "insert", key: keyOf(after), after });
  return changes;
}

function updateOf(
  key: Row,
  [before, after]: readonly [Row, Row],
  context: readonly number[],
): readonly Change[] {
  const at = (row: Row) => (position: number) => row[position] ?? null;
  const columns = [...before.keys()].filter(
    (position) => !sameDatum(at(before)(position), at(after)(position)),
  );
  if (columns.length === 0) return [];
  const known = context.filter((position) => !columns.includes(position));
  return [
    {
      kind: "update",
      key,
      columns,
      before: columns.map(at(before)),
      after: columns.map(at(after)),
      context: new Map(known.map((position) => [position, at(before)(position)])),
    },
  ];
}
