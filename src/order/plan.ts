/**
 * From changeset to steps: inserts parents first, updates, deletes children first.
 */
import type { Catalog } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, ChangeKind } from "../compare/change.ts";
import type { Finding } from "../findings.ts";
import { components } from "./components.ts";
import { type Reference, references } from "./references.ts";
import { released, releaseSteps } from "./release.ts";
import { orderRows, type Run } from "./rows.ts";
import type { DeferredConstraint, Plan, Step, StepKind } from "./steps.ts";
import { uniqueReleases } from "./unique.ts";

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
  const unique = await uniqueReleases(catalog, original);
  const changeset = released(original, unique.releases);
  const links = references(catalog, changeset.tables);
  const groups = components(changeset.tables, (table) =>
    links.filter(({ child }) => child === table).map(({ parent }) => parent),
  );
  const findings: Finding[] = [...unique.findings];
  const deferred = new Set<Reference>();
  const inserts: Step[] = [];
  const updates: Step[] = [];
  const deletes: Step[][] = [];
  for (const group of groups) {
    const inner = links.filter(
      ({ child, parent }) => group.includes(child) && group.includes(parent),
    );
    for (const kind of ["insert", "delete"] as const) {
      const steps: Step[] = [];
      if (inner.length === 0)
        steps.push(...group.flatMap((table) => streamed(changeset, table, kind)));
      else {
        const ordered = orderRows(await rowsOf(changeset, group, kind), inner, kind);
        for (const reference of ordered.deferred) deferred.add(reference);
        findings.push(...ordered.findings);
        const runs = ordered.runs.map((run) => held(run, kind));
        if (kind === "insert")
          steps.push(
            ...runs,
            ...ordered.detours.map((run) => held(run, "update", "closes a circle of references")),
          );
        else
          steps.push(
            ...ordered.detours.map((run) => held(run, "release", "opens a circle of references")),
            ...runs,
          );
      }
      if (kind === "insert") inserts.push(...steps);
      else deletes.unshift(steps);
    }
    updates.push(...group.flatMap((table) => streamed(changeset, table, "update")));
  }
  const foreign = [...deferred].map(
    ({ definedOn, foreignKey }): DeferredConstraint => ({
      table: definedOn,
      name: foreignKey.name,
    }),
  );
  const steps = [
    ...releaseSteps(original, unique.releases),
    ...inserts,
    ...updates,
    ...deletes.flat(),
  ];
  return { plan: { steps, deferred: [...foreign, ...unique.deferred] }, findings };
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

function streamed(changeset: Changeset, table: ChangedTable, kind: ChangeKind): readonly Step[] {
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
  };
  return reason === undefined ? step : { ...step, reason };
}

async function* replay(changes: readonly Change[]): AsyncGenerator<Change> {
  yield* changes;
}
