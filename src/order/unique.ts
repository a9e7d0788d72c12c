/**
 * Values of unique indexes and exclusion constraints that change hands between rows: one change gives a value up, another takes it.
 * Decides for each giver how the value is free in time: deferral, an early delete, or parking.
 */
import { foreignKeysTo, tableByName } from "../catalog/lookup.ts";
import type { Catalog, Table } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { valueAfter, valueBefore } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import { mentions } from "./mentions.ts";
import { parker } from "./parking.ts";
import { tuple } from "./references.ts";
import { type Releases, rowKey } from "./release.ts";
import type { DeferredConstraint } from "./steps.ts";

/** What the givers of one table do before the inserts, by `rowKey`. */
export type UniqueReleases = Pick<Releases, "parked" | "early">;

export interface UniquePlan {
  /** By `nameKey`; tables without releases are left out. */
  readonly releases: ReadonlyMap<string, UniqueReleases>;
  readonly deferred: readonly DeferredConstraint[];
  readonly findings: readonly Finding[];
}

/** One unique index or exclusion constraint, by positions in the table's changed columns. */
export interface UniqueRule {
  readonly name: string;
  /** Columns whose values decide, where equal values conflict; empty where only PostgreSQL can tell (expressions, exclusion). */
  readonly compared: readonly number[];
  /** Every column that has a part in it, predicates included. */
  readonly involved: readonly number[];
  readonly deferrable: boolean;
  /** Whether several NULLs may stand side by side. */
  readonly nullsFree: boolean;
}

/** Holds the values that changes of one index give up, and the keys of rows that must release theirs. */
export async function uniqueReleases(catalog: Catalog, changeset: Changeset): Promise<UniquePlan> {
  const byName = tableByName(catalog);
  const releases = new Map<string, UniqueReleases>();
  const deferred: DeferredConstraint[] = [];
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const table = byName.get(nameKey(changed.table));
    const { insert, update, delete: deleted } = changed.counts;
    if (
      !table ||
      update + deleted === 0 ||
      insert + update === 0 ||
      insert + update + deleted === 1
    )
      continue;
    const parked = new Map<string, Map<number, Datum>>();
    const early = new Set<string>();
    const park = parker(catalog, table, changed);
    const referenced = foreignKeysTo(catalog, changed.table).length > 0;
    for (const rule of uniqueRules(table, changed)) {
      const givers = await findGivers(changeset, changed, rule);
      if (givers.size === 0) continue;
      if (rule.deferrable) {
        deferred.push({ table: changed.table, name: rule.name });
        continue;
      }
      let stuck = 0;
      for await (const change of changeset.changes(changed.table)) {
        const key = rowKey(change);
        if (!givers.has(key) || change.kind === "insert") continue;
        if (change.kind === "delete" && !referenced) {
          early.add(key);
          continue;
        }
        const values = park(rule, change);
        if (!values) stuck += 1;
        else parked.set(key, new Map([...(parked.get(key) ?? []), ...values]));
      }
      if (stuck > 0) {
        const code = rule.compared.length > 0 ? "unique_value_moves" : "unique_order_unknown";
        findings.push(finding({ code, table: changed.table, index: rule.name, values: stuck }));
      }
    }
    for (const key of early) parked.delete(key);
    if (parked.size + early.size > 0) releases.set(nameKey(changed.table), { parked, early });
  }
  return { releases, deferred, findings };
}

/** Keys of rows that give up a value which another row takes. */
async function findGivers(
  changeset: Changeset,
  { table }: ChangedTable,
  rule: UniqueRule,
): Promise<ReadonlySet<string>> {
  const holders = new Map<string, string[]>();
  for await (const change of changeset.changes(table)) {
    if (change.kind === "insert" || !concerns(change, rule)) continue;
    const value = valueIn(change, rule, valueBefore);
    if (value === undefined) continue;
    const keys = holders.get(value) ?? [];
    keys.push(rowKey(change));
    holders.set(value, keys);
  }
  const givers = new Set<string>();
  if (holders.size === 0) return givers;
  for await (const change of changeset.changes(table)) {
    if (change.kind === "delete" || !concerns(change, rule)) continue;
    const value = valueIn(change, rule, valueAfter);
    const own = rowKey(change);
    const keys = value === undefined ? undefined : holders.get(value);
    for (const key of keys ?? []) if (key !== own) givers.add(key);
    // Where values cannot be compared, all holders give way at the second taker at the latest.
    if (keys && rule.compared.length === 0 && givers.size >= keys.length) break;
  }
  return givers;
}

function concerns(change: Change, { involved }: UniqueRule): boolean {
  return change.kind !== "update" || change.columns.some((position) => involved.includes(position));
}

function valueIn(
  change: Change,
  { compared, nullsFree }: UniqueRule,
  side: (change: Change, position: number) => Datum | undefined,
): string | undefined {
  if (compared.length === 0) return "";
  const values = compared.map((position) => side(change, position));
  return nullsFree ? tuple(values) : JSON.stringify(values);
}

/** Every unique index and exclusion constraint of the table but the key that rows are paired by. */
export function uniqueRules(table: Table, changed: ChangedTable): readonly UniqueRule[] {
  const position = (column: string) => changed.columns.indexOf(column);
  const known = (columns: readonly string[]) => columns.map(position).filter((at) => at >= 0);
  const rules: UniqueRule[] = [];
  for (const constraint of table.constraints) {
    if (constraint.kind === "primary" || constraint.kind === "unique") {
      if (isKey(constraint.columns, changed)) continue;
      const compared = known(constraint.columns);
      const { name, nullsNotDistinct } = constraint;
      rules.push({
        name,
        compared,
        involved: compared,
        deferrable: constraint.deferrable !== "no",
        nullsFree: !nullsNotDistinct,
      });
    } else if (constraint.kind === "exclusion") {
      const involved = known(mentions(constraint.definition, changed.columns));
      const { name } = constraint;
      rules.push({
        name,
        compared: [],
        involved,
        deferrable: constraint.deferrable !== "no",
        nullsFree: true,
      });
    }
  }
  for (const index of table.uniqueIndexes) {
    const columns = index.parts.flatMap((part) => ("column" in part ? [part.column] : []));
    const plain = columns.length === index.parts.length;
    if (plain && index.predicate === undefined && isKey(columns, changed)) continue;
    const texts = index.parts.flatMap((part) => ("expression" in part ? [part.expression] : []));
    const hidden = [...texts, index.predicate ?? ""].flatMap((text) =>
      mentions(text, changed.columns),
    );
    const involved = known([...new Set([...columns, ...hidden])]);
    const compared = plain ? known(columns) : [];
    rules.push({
      name: index.name,
      compared,
      involved,
      deferrable: false,
      nullsFree: !index.nullsNotDistinct,
    });
  }
  return rules.filter(({ involved }) => involved.length > 0);
}

function isKey(columns: readonly string[], { key }: ChangedTable): boolean {
  return columns.length === key.length && columns.every((column) => key.includes(column));
}
