/**
 * Values of unique indexes and exclusion constraints that change hands between rows: one change gives a value up, another takes it.
 * Decides for each giver how the value is free in time: deferral, an early delete, parking, or its own update before the others.
 */
import { tableByName } from "../catalog/lookup.ts";
import type { Catalog, Table } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { valueAfter, valueBefore } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import { type BoundColumns, type Early, levelsOf } from "./early.ts";
import { concerns, findGivers, mayMove, valueIn } from "./givers.ts";
import { type Parked, parker } from "./parking.ts";
import { referredRows } from "./referred.ts";
import { type Releases, rowKey } from "./release.ts";
import type { DeferredConstraint } from "./steps.ts";
import { type UniqueRule, uniqueRules } from "./unique-rules.ts";

/** What the givers of one table do before the inserts, by `rowKey`. */
export type UniqueReleases = Pick<Releases, "parked" | "early" | "first">;

export interface UniquePlan {
  /** By `nameKey`; tables without releases are left out. */
  readonly releases: ReadonlyMap<string, UniqueReleases>;
  readonly deferred: readonly DeferredConstraint[];
  readonly findings: readonly Finding[];
}

/** Holds the values that changes of one index give up, and the keys of rows that must release theirs. */
export async function uniqueReleases(
  catalog: Catalog,
  changeset: Changeset,
  bound: BoundColumns,
): Promise<UniquePlan> {
  const byName = tableByName(catalog);
  const releases = new Map<string, UniqueReleases>();
  const deferred: DeferredConstraint[] = [];
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const table = byName.get(nameKey(changed.table));
    if (!table || !mayCollide(changed)) continue;
    const rules = uniqueRules(catalog, table, changed);
    const movements: Movement[] = [];
    for (const rule of rules) {
      if (!mayMove(rule, changed)) continue;
      const givers = await findGivers(changeset, changed, rule);
      if (givers.size === 0) continue;
      if (rule.deferrable) deferred.push({ table: rule.definedOn, name: rule.name });
      else movements.push({ rule, givers });
    }
    if (movements.length === 0) continue;
    const scope = { catalog, table, changed, changeset, rules };
    const found = await tableReleases(scope, movements, bound(changed));
    findings.push(...found.findings);
    const { parked, early, first } = found.releases;
    if (parked.size + early.size + first.size > 0)
      releases.set(nameKey(changed.table), found.releases);
  }
  return { releases, deferred, findings };
}

/** Rows that give up values of one index which others take, by `rowKey`. */
interface Movement {
  readonly rule: UniqueRule;
  readonly givers: ReadonlySet<string>;
}

interface TableScope {
  readonly catalog: Catalog;
  readonly table: Table;
  readonly changed: ChangedTable;
  readonly changeset: Changeset;
  readonly rules: readonly UniqueRule[];
}

interface Found {
  readonly releases: UniqueReleases;
  readonly findings: readonly Finding[];
}

/** The releases of one table. Values that only a row's own update frees are put in order; what is left over is a finding. */
async function tableReleases(
  scope: TableScope,
  movements: readonly Movement[],
  bound: ReadonlySet<number>,
): Promise<Found> {
  const { changed } = scope;
  const parked = new Map<string, Map<number, Datum>>();
  const early = new Set<string>();
  const alone = new Map<string, UniqueRule>();
  const stuck = new Map<UniqueRule, number>();
  const unsure = new Map<UniqueRule, number>();
  const isGiver = (key: string) => movements.some(({ givers }) => givers.has(key));
  const way = wayOut(scope, await referredRows(scope.catalog, scope, isGiver));
  for (const { rule, givers } of movements) {
    for await (const change of scope.changeset.changes(changed.table)) {
      const key = rowKey(change);
      if (!givers.has(key) || change.kind === "insert") continue;
      const found = way(rule, change);
      if (found.kind === "delete") early.add(key);
      else if (found.kind === "update") alone.set(key, rule);
      else if (found.kind === "none") count(stuck, rule);
      else {
        if (!found.park.isSure) count(unsure, rule);
        parked.set(key, new Map([...(parked.get(key) ?? []), ...found.park.values]));
      }
    }
  }
  for (const key of early) parked.delete(key);
  const rules = movements.map(({ rule }) => rule);
  const ordered = levelsOf(await earlyUpdates(scope, rules, alone), bound);
  for (const key of ordered.stuck) {
    const rule = alone.get(key);
    if (rule) count(stuck, rule);
  }
  for (const rule of stuck.keys()) unsure.delete(rule);
  const told = (rule: UniqueRule, values: number, code: UniqueCode): Finding =>
    finding({ code, table: changed.table, index: rule.name, values });
  return {
    releases: { parked, early, first: ordered.levels },
    findings: [
      ...[...stuck].map(([rule, n]) =>
        told(rule, n, rule.compared.length > 0 ? "unique_value_moves" : "unique_order_unknown"),
      ),
      ...[...unsure].map(([rule, n]) => told(rule, n, "unique_order_unknown")),
    ],
  };
}

type UniqueCode = "unique_value_moves" | "unique_order_unknown";

/** How a giver's value is free in time: the row goes first, holds other values, takes its own new ones first; or nothing helps. */
type WayOut =
  | { readonly kind: "delete" }
  | { readonly kind: "park"; readonly park: Parked }
  | { readonly kind: "update" }
  | { readonly kind: "none" };

function wayOut(
  { catalog, table, changed, rules }: TableScope,
  isReferred: (row: Change) => boolean,
) {
  const park = parker(catalog, { table, changed }, rules);
  return (rule: UniqueRule, change: Change): WayOut => {
    if (change.kind === "delete" && !isReferred(change)) return { kind: "delete" };
    const found = park(rule, change);
    if (found) return { kind: "park", park: found };
    return { kind: change.kind === "update" && rule.compared.length > 0 ? "update" : "none" };
  };
}

/** The rows that only their own update frees, with the values that each gives up and takes by every rule that compares. */
async function earlyUpdates(
  { changeset, changed }: TableScope,
  rules: readonly UniqueRule[],
  alone: ReadonlyMap<string, UniqueRule>,
): Promise<readonly Early[]> {
  const found: Early[] = [];
  if (alone.size === 0) return found;
  const comparing = rules.filter((rule) => rule.compared.length > 0);
  for await (const change of changeset.changes(changed.table, "update")) {
    const key = rowKey(change);
    if (change.kind !== "update" || !alone.has(key)) continue;
    const values = (side: typeof valueBefore) =>
      comparing.flatMap((rule, n) => {
        const value = concerns(change, rule) ? valueIn(change, rule, side) : undefined;
        return value === undefined ? [] : [`${n} ${value}`];
      });
    found.push({ key, change, gives: values(valueBefore), takes: values(valueAfter) });
  }
  return found;
}

function count(counts: Map<UniqueRule, number>, rule: UniqueRule): void {
  counts.set(rule, (counts.get(rule) ?? 0) + 1);
}

/** Whether there is a row to give up and another to take a value. */
function mayCollide({ counts }: ChangedTable): boolean {
  const { insert, update, delete: deleted } = counts;
  return update + deleted > 0 && insert + update > 0 && insert + update + deleted > 1;
}
