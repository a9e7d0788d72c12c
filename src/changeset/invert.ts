/**
 * The way back: inserts become deletes, deletes inserts, updates swap their sides.
 */

import type { Change, ChangeKind, Counts } from "../compare/change.ts";
import type { TableName } from "../names.ts";
import { invertProfile } from "./profile.ts";
import type { ChangedTable, Changeset } from "./types.ts";

const OPPOSITE = { insert: "delete", update: "update", delete: "insert" } as const;

/**
 * The changeset that undoes this one: `invert(invert(c))` has the same changes as `c`. Reads through to `c`; holds no rows.
 * Sequences are never lowered, so it has no sequence targets, and what was withheld stays withheld by neither.
 */
export function invert(changeset: Changeset): Changeset {
  const tables = changeset.tables
    .map((table) => ({
      ...table,
      counts: invertCounts(table.counts),
      profiles: invertProfiles(table.profiles),
    }))
    .map((table) => ({
      ...table,
      rows: { production: table.rows.local, local: table.rows.production },
    }));
  const byName = new Map(tables.map((table) => [table.table, table]));
  return {
    tables,
    sequences: [],
    production: changeset.local,
    local: changeset.production,
    changes: (table: TableName, kind?: ChangeKind) =>
      invertAll(
        changeset.changes(table, kind && OPPOSITE[kind]),
        keyPositions(tables, table, byName),
      ),
    withheld: async function* () {},
  };
}

function invertProfiles({
  insert,
  update,
  delete: deleted,
}: ChangedTable["profiles"]): ChangedTable["profiles"] {
  return {
    insert: invertProfile(deleted),
    update: invertProfile(update),
    delete: invertProfile(insert),
  };
}

function invertCounts(counts: Counts): Counts {
  return { insert: counts.delete, update: counts.update, delete: counts.insert };
}

function keyPositions(
  tables: readonly ChangedTable[],
  name: TableName,
  byName: ReadonlyMap<TableName, ChangedTable>,
): readonly number[] {
  const table =
    byName.get(name) ??
    tables.find(({ table: { schema, name: n } }) => schema === name.schema && n === name.name);
  return table ? table.key.map((column) => table.columns.indexOf(column)) : [];
}

async function* invertAll(
  changes: AsyncIterable<Change>,
  key: readonly number[],
): AsyncGenerator<Change> {
  for await (const change of changes) yield invertChange(change, key);
}

/** One change backwards. `key` gives the key columns' positions: a key rewritten in another spelling is found as it is afterwards. */
export function invertChange(change: Change, key: readonly number[]): Change {
  switch (change.kind) {
    case "insert":
      return { kind: "delete", key: change.key, before: change.after };
    case "delete":
      return { kind: "insert", key: change.key, after: change.before };
    case "update": {
      const written = key.map((position, index) => {
        const changed = change.columns.indexOf(position);
        return (changed < 0 ? change.key[index] : change.after[changed]) ?? null;
      });
      return { ...change, key: written, before: change.after, after: change.before };
    }
  }
}
