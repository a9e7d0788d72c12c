/**
 * The way back: inserts become deletes, deletes inserts, updates swap their sides.
 */

import type { Change, Counts } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { batchesOf, type ChangeStream, changeStream, spooledOf } from "./batches.ts";
import { invertProfile } from "./profile.ts";
import { type ChangedTable, type Changeset, NO_CHANGES } from "./types.ts";

const OPPOSITE = { insert: "delete", update: "update", delete: "insert" } as const;

/**
 * The changeset that undoes this one: `invert(invert(c))` has the same changes as `c`. Reads through to `c`; holds no rows.
 * Sequences are never lowered, so it has no sequence targets, and what was withheld is withheld by neither.
 * Production is still what is changed.
 */
export function invert(changeset: Changeset): Changeset {
  const byName = new Map(changeset.tables.map((table) => [nameKey(table.table), table]));
  return {
    ...(changeset.longTexts ? { longTexts: changeset.longTexts } : {}),
    tables: changeset.tables.map(invertTable),
    sequences: [],
    production: changeset.production,
    local: changeset.local,
    changes: (name, kind) => {
      const table = byName.get(nameKey(name));
      const key = table?.key.map((column) => table.columns.indexOf(column)) ?? [];
      return invertAll(changeset.changes(name, kind && OPPOSITE[kind]), key);
    },
    withheld: async function* () {},
  };
}

function invertTable(table: ChangedTable): ChangedTable {
  const { counts, profiles, rows } = table;
  return {
    ...table,
    counts: invertCounts(counts),
    withheld: NO_CHANGES,
    profiles: invertProfiles(profiles),
    rows: { production: rows.local, local: rows.production },
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

function invertAll(changes: AsyncIterable<Change>, key: readonly number[]): ChangeStream {
  const backwards = (change: Change): Change => invertChange(change, key);
  const stored = spooledOf(changes);
  const spooled = stored && {
    lines: stored.lines,
    view: (change: Change) => backwards(stored.view(change)),
  };
  return changeStream(async function* () {
    for await (const batch of batchesOf(changes)) yield batch.map(backwards);
  }, spooled);
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
