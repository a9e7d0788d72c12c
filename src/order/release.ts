/**
 * Puts releases into effect: the steps that come first, and the changes as they look once those and the server's own cascades have run.
 */

import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, ChangeKind, Datum } from "../compare/change.ts";
import { sameDatum } from "../compare/decode.ts";
import { nameKey, type TableName } from "../names.ts";
import type { Step } from "./steps.ts";

/** What happens to rows of one table before their own change, by `rowKey`. */
export interface Releases {
  /** Values that a row holds for a while, by column position; a release step writes them. */
  readonly parked: ReadonlyMap<string, ReadonlyMap<number, Datum>>;
  /** Values that a referential action writes. */
  readonly cascaded: ReadonlyMap<string, ReadonlyMap<number, Datum>>;
  /** Rows deleted before the inserts. */
  readonly early: ReadonlySet<string>;
  /** Rows updated before the inserts of their table, by level: lower levels first. */
  readonly first: ReadonlyMap<string, number>;
}

/** By `nameKey`; tables without releases are left out. */
export type ReleasesByTable = ReadonlyMap<string, Releases>;

/** A row's key, for maps. */
export function rowKey(change: Change): string {
  return JSON.stringify(change.key);
}

type Held = Exclude<Change, { kind: "insert" }>;

/** Early deletes and parking, by table. */
export function releaseSteps(changeset: Changeset, releases: ReleasesByTable): readonly Step[] {
  return changeset.tables.flatMap(({ table }) => {
    const found = releases.get(nameKey(table));
    if (!found) return [];
    const { parked, early } = found;
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
        asCompared: false,
        frees: changes,
        reason,
      });
    }
    if (parked.size > 0) {
      const changes = () => parkings(changeset, table, parked);
      const reason = "values that must be free meanwhile are parked";
      steps.push({
        kind: "release",
        table,
        count: parked.size,
        changes,
        together: false,
        whole: false,
        asCompared: false,
        frees: () => freedForGood(changeset, table, parked),
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
  for await (const { change, values } of parkedRows(changeset, table, parked)) {
    // An update is parked only while its own old values stand: once it is in place, the release must find nothing. They are written
    // back as they are.
    const own = change.kind === "update" ? change.columns : [];
    yield parking(change, values, [...new Set([...values.keys(), ...own])]);
  }
}

/** Of what is parked, the values that do not come back: they are gone also where the change is in place already. */
async function* freedForGood(
  changeset: Changeset,
  table: TableName,
  parked: Releases["parked"],
): AsyncGenerator<Change> {
  for await (const { change, values } of parkedRows(changeset, table, parked)) {
    const columns = [...values.keys()].filter(
      (position) => change.kind === "delete" || change.columns.includes(position),
    );
    if (columns.length > 0) yield parking(change, values, columns);
  }
}

async function* parkedRows(
  changeset: Changeset,
  table: TableName,
  parked: Releases["parked"],
): AsyncGenerator<{ readonly change: Held; readonly values: ReadonlyMap<number, Datum> }> {
  for (const kind of ["update", "delete"] as const) {
    for await (const change of changeset.changes(table, kind)) {
      const values = parked.get(rowKey(change));
      if (values && change.kind !== "insert") yield { change, values };
    }
  }
}

/** The update that parks the values of a row; other columns among those named stay as they are. */
function parking(
  change: Held,
  values: ReadonlyMap<number, Datum>,
  columns: readonly number[],
): Change {
  const sorted = [...columns].sort((a, b) => a - b);
  const before = sorted.map((position) => originalAt(change, position));
  const after = sorted.map((position, index) =>
    values.has(position) ? (values.get(position) ?? null) : (before[index] ?? null),
  );
  return { kind: "update", key: change.key, columns: sorted, before, after, context: new Map() };
}

function originalAt(change: Held, position: number): Datum {
  if (change.kind === "delete") return change.before[position] ?? null;
  const index = change.columns.indexOf(position);
  return (index < 0 ? change.context.get(position) : change.before[index]) ?? null;
}

/**
 * The changeset after the release steps: rows hold what was parked in them or cascaded into them, early deletes are gone, and so are
 * updates that a cascade makes. Reads through to the original.
 */
export function released(
  changeset: Changeset,
  releases: ReleasesByTable,
  gone: ReadonlyMap<string, number>,
): Changeset {
  if (releases.size === 0) return changeset;
  return {
    ...changeset,
    tables: changeset.tables.map((table) =>
      withoutReleased(table, releases.get(nameKey(table.table)), gone),
    ),
    changes: (table, kind) =>
      afterRelease(changeset, { table, kind }, releases.get(nameKey(table))),
  };
}

function withoutReleased(
  table: ChangedTable,
  releases: Releases | undefined,
  gone: ReadonlyMap<string, number>,
): ChangedTable {
  if (!releases) return table;
  const { update, delete: deleted } = table.counts;
  const counts = {
    ...table.counts,
    update: update - (gone.get(nameKey(table.table)) ?? 0) - releases.first.size,
    delete: deleted - releases.early.size,
  };
  return { ...table, counts };
}

async function* afterRelease(
  changeset: Changeset,
  { table, kind }: { readonly table: TableName; readonly kind: ChangeKind | undefined },
  releases: Releases | undefined,
): AsyncGenerator<Change> {
  for await (const change of changeset.changes(table, kind)) {
    if (change.kind === "insert" || !releases) yield change;
    else if (change.kind === "delete" && releases.early.has(rowKey(change))) continue;
    else if (change.kind === "update" && releases.first.has(rowKey(change))) continue;
    else {
      const held = heldChange(change, releases);
      if (held) yield held;
    }
  }
}

/** How many updates of a table have nothing left to do once its rows are parked and cascades have run. */
export async function finishedUpdates(
  changeset: Changeset,
  table: TableName,
  releases: Releases,
): Promise<number> {
  if (releases.cascaded.size + releases.parked.size === 0) return 0;
  let count = 0;
  for await (const change of changeset.changes(table, "update")) {
    if (change.kind !== "update" || releases.first.has(rowKey(change))) continue;
    if (!heldChange(change, releases)) count += 1;
  }
  return count;
}

/** The updates that come first, as they look after the releases: one list a level, lower levels first. */
export async function firstUpdates(
  changeset: Changeset,
  table: TableName,
  releases: Releases | undefined,
): Promise<readonly (readonly Change[])[]> {
  const levels: Change[][] = [];
  if (!releases || releases.first.size === 0) return levels;
  for await (const change of changeset.changes(table, "update")) {
    const level = releases.first.get(rowKey(change));
    if (level === undefined || change.kind !== "update") continue;
    const held = heldChange(change, releases);
    while (levels.length <= level) levels.push([]);
    if (held) levels[level]?.push(held);
  }
  return levels.filter((level) => level.length > 0);
}

/** The change of a row that holds other values by then: it expects them, and brings unchanged columns back. */
function heldChange(change: Held, { parked, cascaded }: Releases): Change | undefined {
  const key = rowKey(change);
  const held = new Map([...(cascaded.get(key) ?? []), ...(parked.get(key) ?? [])]);
  if (held.size === 0) return change;
  const now = (position: number) =>
    held.has(position) ? (held.get(position) ?? null) : originalAt(change, position);
  if (change.kind === "delete")
    return { ...change, before: change.before.map((_, position) => now(position)) };
  const wanted = (position: number) => {
    const index = change.columns.indexOf(position);
    return (index < 0 ? change.context.get(position) : change.after[index]) ?? null;
  };
  const columns = [...new Set([...change.columns, ...held.keys()])]
    .filter((position) => !sameDatum(now(position), wanted(position)))
    .sort((a, b) => a - b);
  if (columns.length === 0) return undefined;
  return { ...change, columns, before: columns.map(now), after: columns.map(wanted) };
}
