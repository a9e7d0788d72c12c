/** A small changeset in memory, for tests of what is written about one. */

import type { Catalog, Column, Table } from "../../src/catalog/types.ts";
import { profiler } from "../../src/changeset/profile.ts";
import { type ChangedTable, type Changeset, NO_CHANGES } from "../../src/changeset/types.ts";
import type { Change } from "../../src/compare/change.ts";
import { nameKey, type TableName } from "../../src/names.ts";

export interface TableSketch {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly changes: readonly Change[];
  readonly withheld?: readonly Change[];
}

export function changesetOf(sketches: readonly TableSketch[]): Changeset {
  const byName = new Map(sketches.map((sketch) => [nameKey(sketch.table), sketch]));
  return {
    tables: sketches.map(changedTable),
    sequences: [
      {
        sequence: { schema: "public", name: "s" },
        value: "9",
        table: { schema: "public", name: "t" },
        column: "id",
      },
    ],
    production: {
      kind: "dump",
      display: "prod.dump",
      encoding: "UTF8",
      createdAt: "2026-11-20T09:12:00",
      sha256: "ab".repeat(32),
    },
    local: {
      kind: "database",
      display: "postgres://localhost/shop",
      database: "shop",
      encoding: "UTF8",
    },
    async *changes(table, kind) {
      for (const change of byName.get(nameKey(table))?.changes ?? []) {
        if (!kind || change.kind === kind) yield change;
      }
    },
    async *withheld(table) {
      yield* byName.get(nameKey(table))?.withheld ?? [];
    },
  };
}

function changedTable({ table, columns, key, changes, withheld = [] }: TableSketch): ChangedTable {
  return {
    table,
    columns,
    key,
    counts: count(changes),
    withheld: count(withheld),
    profiles: profilesOf(changes, columns.length),
    rows: { production: 10, local: 11 },
  };
}

function profilesOf(changes: readonly Change[], width: number): ChangedTable["profiles"] {
  const of = (kind: Change["kind"]) => {
    const { note, result } = profiler(width);
    for (const change of changes) if (change.kind === kind) note(change);
    return result();
  };
  return { insert: of("insert"), update: of("update"), delete: of("delete") };
}

function count(changes: readonly Change[]) {
  const counts = { ...NO_CHANGES };
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

/** A catalog in which every column is text. */
export function catalogOf(sketches: readonly TableSketch[]): Catalog {
  return {
    tables: sketches.map(tableOf),
    sequences: [],
    types: [],
    collations: [],
    extensions: [],
    publications: [],
    materializedViews: [],
  };
}

function tableOf({ table, columns }: TableSketch): Table {
  const type = { schema: "pg_catalog", name: "text", array: false, formatted: "text" };
  return {
    name: table,
    kind: "table",
    unlogged: false,
    columns: columns.map((name): Column => ({ name, type, notNull: false })),
    constraints: [],
    uniqueIndexes: [],
    inherits: [],
    triggers: [],
    rules: [],
    rowSecurity: { enabled: false, forced: false },
    policies: [],
    replicaIdentity: "default",
  };
}
