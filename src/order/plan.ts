/**
 * From changeset to steps: inserts parents first, updates, deletes children first.
 */
import type { Catalog } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, ChangeKind, Datum } from "../compare/change.ts";
import type { Finding } from "../findings.ts";
import { compareNames, compareText, nameKey } from "../names.ts";
import { components } from "./components.ts";
import type { BoundColumns } from "./early.ts";
import { type Moves, referenceMoves } from "./moves.ts";
import { type Reference, references } from "./references.ts";
import {
  finishedUpdates,
  firstUpdates,
  type ReleasesByTable,
  released,
  releaseSteps,
} from "./release.ts";
import { respelledReferences } from "./respelled.ts";
import { orderRows, type Run } from "./rows.ts";
import { withSecondWrites } from "./second-writes.ts";
import type { DeferredConstraint, Plan, Step, StepKind } from "./steps.ts";
import { type UniqueReleases, uniqueReleases } from "./unique.ts";

export interface PlanResult {
  readonly plan: Plan;
  /** Blocking ones say that no order exists. */
  readonly findings: readonly Finding[];
}

/**
 * The steps of a changeset under a catalog's constraints. Only rows of tables that refer to themselves or in a circle are held
 * in memory; all others stream from the changeset when the steps are read.
 */
export async function planSteps(catalog: Catalog, original: Changeset): Promise<PlanResult> {
  const before = references(catalog, original.tables);
  const bound = boundColumns(original.tables, before);
  const unique = await uniqueReleases(catalog, original, bound);
  const moves = await referenceMoves(original, before, bound);
  const releases = combined(unique.releases, moves);
  const gone = new Map<string, number>();
  for (const { table } of original.tables) {
    const own = releases.get(nameKey(table));
    if (own) gone.set(nameKey(table), await finishedUpdates(original, table, own));
  }
  const changeset = released(original, releases, gone);
  const links = references(catalog, changeset.tables);
  const ordered = [];
  for (const group of groupsOf(changeset.tables, links)) {
    ordered.push({
      ...(await orderGroup({ changeset, releases }, group, links)),
      first: await firstSteps(original, group, releases),
    });
  }
  const early = (group: readonly ChangedTable[]) =>
    group.some(({ table }) => moves.movers.has(nameKey(table)));
  const steps = [
    ...releaseSteps(original, releases),
    // Updates of referenced values come before the inserts of rows that refer to the new ones.
    ...ordered.flatMap(({ group, first, inserts, updates }) => [
      ...first,
      ...inserts,
      ...(early(group) ? updates : []),
    ]),
    ...ordered.flatMap(({ group, updates }) => (early(group) ? [] : updates)),
    ...[...ordered].reverse().flatMap(({ deletes }) => deletes),
  ];
  const deferred = new Set(
    [...moves.deferred, ...ordered.flatMap((group) => group.deferred)].map(constraintOf),
  );
  const cascades = original.tables.flatMap(({ table }) => {
    const updates = releases.get(nameKey(table))?.cascaded.size ?? 0;
    return updates === 0 ? [] : [{ table, updates }];
  });
  return {
    plan: {
      steps: await withSecondWrites(steps, releases),
      deferred: distinct([...deferred, ...unique.deferred]),
      cascades,
    },
    findings: [
      ...unique.findings,
      ...moves.findings,
      ...(await respelledReferences(catalog, original)),
      ...ordered.flatMap((group) => group.findings),
    ],
  };
}

/** Tables that refer to each other in a circle, or single ones; parents first. */
function groupsOf(
  tables: readonly ChangedTable[],
  links: readonly Reference[],
): readonly (readonly ChangedTable[])[] {
  return components(tables, (table) =>
    links.filter(({ child }) => child === table).map(({ parent }) => parent),
  );
}

/** The columns by which rows refer to rows of their own group. */
function boundColumns(tables: readonly ChangedTable[], links: readonly Reference[]): BoundColumns {
  const groups = groupsOf(tables, links);
  return (table) => {
    const group = groups.find((members) => members.includes(table)) ?? [];
    const inner = links.filter(({ child, parent }) => child === table && group.includes(parent));
    return new Set(inner.flatMap(({ childPositions = [] }) => childPositions));
  };
}

/** Updates that free unique values which other rows of their table take. */
async function firstSteps(
  changeset: Changeset,
  group: readonly ChangedTable[],
  releases: ReleasesByTable,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const table of group) {
    const levels = await firstUpdates(changeset, table.table, releases.get(nameKey(table.table)));
    for (const changes of levels) {
      const run = { table, changes, together: false };
      steps.push(held(run, "update", "others take or refer to their values"));
    }
  }
  return steps;
}

/** Releases for unique values and for references, of each table. */
function combined(unique: ReadonlyMap<string, UniqueReleases>, moves: Moves): ReleasesByTable {
  const keys = new Set([
    ...unique.keys(),
    ...moves.parked.keys(),
    ...moves.cascaded.keys(),
    ...moves.first.keys(),
  ]);
  return new Map(
    [...keys].map((key) => {
      const own = unique.get(key);
      const early = own?.early ?? new Set<string>();
      const parked = new Map<string, ReadonlyMap<number, Datum>>(own?.parked);
      for (const [row, values] of moves.parked.get(key) ?? [])
        parked.set(row, new Map([...(parked.get(row) ?? []), ...values]));
      const cascaded = new Map(moves.cascaded.get(key));
      for (const row of early) {
        parked.delete(row);
        // It is gone before its parent changes.
        cascaded.delete(row);
      }
      return [key, { early, parked, cascaded, first: firstRows(own, moves.first.get(key)) }];
    }),
  );
}

/** The updates that come first, by level: those that move referenced values come after those that free unique ones. */
function firstRows(
  unique: UniqueReleases | undefined,
  movers: ReadonlySet<string> | undefined,
): ReadonlyMap<string, number> {
  const levels = new Map(unique?.first);
  const last = Math.max(-1, ...levels.values()) + 1;
  for (const key of movers ?? []) if (!levels.has(key)) levels.set(key, last);
  return levels;
}

/** The changeset after its releases, and those. */
interface Released {
  readonly changeset: Changeset;
  readonly releases: ReleasesByTable;
}

interface OrderedGroup {
  readonly group: readonly ChangedTable[];
  readonly inserts: readonly Step[];
  readonly updates: readonly Step[];
  readonly deletes: readonly Step[];
  readonly deferred: readonly Reference[];
  readonly findings: readonly Finding[];
}

/** The steps of tables that refer to each other, or of a single one. */
async function orderGroup(
  after: Released,
  group: readonly ChangedTable[],
  links: readonly Reference[],
): Promise<OrderedGroup> {
  const inner = links.filter(
    ({ child, parent }) => group.includes(child) && group.includes(parent),
  );
  const updates = group.flatMap((table) => streamed(after, table, "update"));
  if (inner.length === 0) {
    const inserts = group.flatMap((table) => streamed(after, table, "insert"));
    const deletes = group.flatMap((table) => streamed(after, table, "delete"));
    return { group, inserts, updates, deletes, deferred: [], findings: [] };
  }
  const inserted = orderRows(await rowsOf(after.changeset, group, "insert"), inner, "insert");
  const deleted = orderRows(await rowsOf(after.changeset, group, "delete"), inner, "delete");
  return {
    group,
    inserts: [
      ...inserted.runs.map((run) => held(run, "insert")),
      ...inserted.detours.map((run) => held(run, "update", "closes a circle of references")),
    ],
    updates,
    deletes: [
      ...deleted.detours.map((run) => held(run, "release", "opens a circle of references")),
      ...deleted.runs.map((run) => held(run, "delete")),
    ],
    deferred: [...inserted.deferred, ...deleted.deferred],
    findings: [...inserted.findings, ...deleted.findings],
  };
}

function constraintOf({ definedOn, foreignKey }: Reference): DeferredConstraint {
  return { table: definedOn, name: foreignKey.name };
}

/** Each constraint once, by table and name. */
function distinct(constraints: readonly DeferredConstraint[]): readonly DeferredConstraint[] {
  const byName = new Map(
    constraints.map((constraint) => [
      `${nameKey(constraint.table)} ${constraint.name}`,
      constraint,
    ]),
  );
  return [...byName.values()].sort(
    (a, b) => compareNames(a.table, b.table) || compareText(a.name, b.name),
  );
}

async function rowsOf(
  changeset: Changeset,
  tables: readonly ChangedTable[],
  kind: ChangeKind,
): Promise<{ table: ChangedTable; changes: Change[] }[]> {
  const rows = [];
  for (const table of tables) {
    const changes: Change[] = [];
    for await (const change of changeset.changes(table.table, kind)) changes.push(change);
    rows.push({ table, changes });
  }
  return rows;
}

function streamed(
  { changeset, releases }: Released,
  table: ChangedTable,
  kind: ChangeKind,
): readonly Step[] {
  const count = table.counts[kind];
  if (count === 0) return [];
  return [
    {
      kind,
      table: table.table,
      count,
      changes: () => changeset.changes(table.table, kind),
      together: false,
      whole: true,
      asCompared: !releases.has(nameKey(table.table)),
    },
  ];
}

function held(run: Run, kind: StepKind, reason?: string): Step {
  const { table, changes, together } = run;
  const step = {
    kind,
    table: table.table,
    count: changes.length,
    changes: () => replay(changes),
    together,
    whole: false,
    asCompared: false,
  };
  return reason === undefined ? step : { ...step, reason };
}

async function* replay(changes: readonly Change[]): AsyncGenerator<Change> {
  yield* changes;
}
