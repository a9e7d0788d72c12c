/**
 * Which rows give up a value of a unique index that another row takes. Values are compared as the index does, as far as that is known.
 */
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import { type Change, type Datum, valueAfter, valueBefore } from "../compare/change.ts";
import { tuple } from "./references.ts";
import { rowKey } from "./release.ts";
import type { UniqueRule } from "./unique-rules.ts";

/** Whether one change can give up and another take a value, as far as counts tell: spares reading the changes. */
export function mayMove({ involved }: UniqueRule, { counts, profiles }: ChangedTable): boolean {
  const updates = involved.some((position) => (profiles.update.columns[position]?.rows ?? 0) > 0);
  return (counts.delete > 0 || updates) && (counts.insert > 0 || updates);
}

/** Keys (`rowKey`) of rows that give up a value which another row takes. Holds the values of all rows that give up one. */
export async function findGivers(
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

export function concerns(change: Change, { involved }: UniqueRule): boolean {
  return change.kind !== "update" || change.columns.some((position) => involved.includes(position));
}

/** What the row has in the index; undefined where it conflicts with nothing. */
export function valueIn(
  change: Change,
  { compared, condition, spelling, nullsFree, freedByNull, freedByEmpty }: UniqueRule,
  side: (change: Change, position: number) => Datum | undefined,
): string | undefined {
  if (condition) {
    const asked = side(change, condition.position);
    if (asked !== undefined && (asked === null) !== condition.isNull) return undefined;
  }
  if (freedByNull.some((position) => side(change, position) === null)) return undefined;
  if (freedByEmpty.some((position) => side(change, position) === "empty")) return undefined;
  if (compared.length === 0) return "";
  const values = compared.map((position, n) => {
    const value = side(change, position);
    const spell = spelling[n];
    return typeof value === "string" && spell ? spell(value) : value;
  });
  return nullsFree ? tuple(values) : JSON.stringify(values);
}
