/**
 * Runs a check over all changes: in VALUES lists while they are few, from temporary tables where they are many.
 */

import type { Changeset } from "../changeset/types.ts";
import type { Change } from "../compare/change.ts";
import { nameKey } from "../names.ts";
import { type BulkLoad, type BulkOptions, isBulk, loadRows, measured, type Rows } from "./bulk.ts";
import { chunksOf, valuesList } from "./chunks.ts";
import type { RowSet } from "./row-set.ts";
import { comment, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** How one check is written over the rows of a relation called `want`. */
export type Check = (rows: RowSet, from: Sql) => Sql;

/** Temporary tables of a script, by table and kind of change. */
export type Loads = ReadonlyMap<string, BulkLoad>;

export function loadKey(table: ScriptTable, kind: Change["kind"]): string {
  return `${nameKey(table.name)} ${kind}`;
}

const KINDS = ["insert", "update", "delete"] as const;

/** The changes of each table and kind that are many enough for a temporary table. */
export function planLoads(
  changeset: Changeset,
  tables: Iterable<ScriptTable>,
  { options, sides }: { readonly options: BulkOptions; readonly sides: BulkLoad["sides"] },
): Loads {
  const loads = new Map<string, BulkLoad>();
  if (!options.temporaryTables) return loads;
  for (const table of tables) {
    for (const kind of KINDS) {
      const rows: Rows = {
        kind,
        count: table.changed.counts[kind],
        changes: () => changeset.changes(table.name, kind),
      };
      if (rows.count === 0) continue;
      const profile = table.changed.profiles[kind];
      const size = measured(table, { ...rows, use: "check" }, profile);
      if (!size.copyable || !isBulk(size, rows.count, options)) continue;
      loads.set(loadKey(table, kind), {
        ...size,
        ...rows,
        sides,
        name: sql`rowpatch_check_${loads.size + 1}`,
      });
    }
  }
  return loads;
}

/** Makes and fills the temporary tables. */
export async function* fillLoads(loads: Iterable<BulkLoad>): AsyncGenerator<Sql> {
  for (const load of loads) yield* loadRows(load);
}

/** The check of every change, table by table. `loads` are in place already. */
export async function* checkAll(
  changeset: Changeset,
  tables: Iterable<ScriptTable>,
  {
    loads,
    check,
    sides,
  }: { readonly loads: Loads; readonly check: Check; readonly sides: BulkLoad["sides"] },
): AsyncGenerator<Sql> {
  for (const table of tables) {
    yield comment(table.label);
    for (const kind of KINDS) {
      if (table.changed.counts[kind] === 0) continue;
      const load = loads.get(loadKey(table, kind));
      if (load) {
        yield check(load, sql`pg_temp.${load.name} AS want`);
        continue;
      }
      for await (const chunk of chunksOf(table, changeset.changes(table.name, kind), {
        hashAfter: true,
      })) {
        yield check(chunk, valuesList(chunk, sides));
      }
    }
  }
}
