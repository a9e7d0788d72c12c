/**
 * Puts releases into effect: the steps that come first, and the changes as they look once those have run.
 */

import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, ChangeKind, Datum } from "../compare/change.ts";
import { nameKey, type TableName } from "../names.ts";
import type { Step } from "./steps.ts";
import { type Releases, rowKey } from "./unique.ts";

type ByTable = ReadonlyMap<string, Releases>;

/** Early deletes and parking, by table. */
export function releaseSteps(changeset: Changeset, releases: ByTable): readonly Step[] {
  return changeset.tables.flatMap(({ table }) => {
    const { parked, early } = releases.get(nameKey(table)) ?? {
      parked: new Map(),
      early: new Set(),
    };
    const steps: Step[] = [];
    if (early.size > 0) {
      const changes = () => earlyDeletes(changeset, table, early);
      const reason = "their unique values are taken by other rows";
      steps.push({
        kind: "delete",
        table,
        count: early.size,
        changes,
        together: false,
        whole: false,
        reason,
      });
    }
    if (parked.size > 0) {
      const changes = () => parkings(changeset, table, parked);
      const reason = "unique values that other rows take are parked";
      steps.push({
        kind: "release",
        table,
        count: parked.size,
        changes,
        together: false,
        whole: false,
        reason,
      });
    }
    return steps;
  });
}

async function* earlyDeletes(
  changeset: Changeset,
  table: TableName,
  early: ReadonlySet<string>,
): AsyncGenerator<Change> {
  for await (const change of changeset.changes(table, "delete"))
    if (early.has(rowKey(change))) yield change;
}

async function* parkings(
  changeset: Changeset,
  table: TableName,
  parked: Releases["parked"],
): AsyncGenerator<Change> {
  for (const kind of ["update", "delete"] as const) {
    for await (const change of changeset.changes(table, kind)) {
      const values = parked.get(rowKey(change));
      if (!values || change.kind === "insert") continue;
      const columns = [...values.keys()].sort((a, b) => a - b);
      const before = columns.map((position) => originalAt(change, position));
      const after = columns.map((position) => values.get(position) ?? null);
      yield { kind: "update", key: change.key, columns, before, after, context: new Map() };
    }
  }
}

function originalAt(change: Exclude<Change, { kind: "insert" }>, position: number): Datum {
  if (change.kind === "delete") return change.before[position] ?? null;
  const index = change.columns.indexOf(position);
  return (index < 0 ? change.context.get(position) : change.before[index]) ?? null;
}

/** The changeset after the release steps: parked rows hold parked values, early deletes are gone. Reads through to the original. */
export function released(changeset: Changeset, releases: ByTable): Changeset {
  if (releases.size === 0) return changeset;
  return {
    ...changeset,
    tables: changeset.tables.map((table) => lessEarly(table, releases)),
    changes: (table, kind) =>
      afterRelease(changeset, { table, kind }, releases.get(nameKey(table))),
  };
}

function lessEarly(table: ChangedTable, releases: ByTable): ChangedTable {
  const early = releases.get(nameKey(table.table))?.early.size ?? 0;
  return early === 0
    ? table
    : { ...table, counts: { ...table.counts, delete: table.counts.delete - early } };
}

async function* afterRelease(
  changeset: Changeset,
  { table, kind }: { readonly table: TableName; readonly kind: ChangeKind | undefined },
  releases: Releases | undefined,
): AsyncGenerator<Change> {
  for await (const change of changeset.changes(table, kind)) {
    if (change.kind === "insert" || !releases) yield change;
    else if (change.kind === "delete" && releases.early.has(rowKey(change))) continue;
    else yield withParked(change, releases.parked.get(rowKey(change)));
  }
}

/** The change of a row that holds parked values: it expects them, and an update brings unchanged columns back. */
function withParked(
  change: Exclude<Change, { kind: "insert" }>,
  parked: ReadonlyMap<number, Datum> | undefined,
): Change {
  if (!parked) return change;
  if (change.kind === "delete") {
    return {
      ...change,
      before: change.before.map((value, position) =>
        parked.has(position) ? (parked.get(position) ?? null) : value,
      ),
    };
  }
  const columns = [...new Set([...change.columns, ...parked.keys()])].sort((a, b) => a - b);
  const before = columns.map((position) =>
    parked.has(position) ? (parked.get(position) ?? null) : originalAt(change, position),
  );
  const after = columns.map((position) => {
    const index = change.columns.indexOf(position);
    return (index < 0 ? change.context.get(position) : change.after[index]) ?? null;
  });
  return { ...change, columns, before, after };
}
