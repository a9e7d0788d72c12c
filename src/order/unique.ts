/**
 * Values of unique indexes and exclusion constraints that change hands between rows: one change gives a value up, another takes it.
 * Decides for each giver how the value is free in time: deferral, an early delete, or parking.
 */
import { foreignKeysTo, tableByName } from "../catalog/lookup.ts";
import type { Catalog, Table } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { valueAfter, valueBefore } from "../compare/change.ts";
import { keyClassOf } from "../compare/key.ts";
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
  /** For each of `compared`: brings texts that the index takes for equal to one spelling. */
  readonly spelling: readonly (((text: string) => string) | undefined)[];
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
    for (const rule of uniqueRules(catalog, table, changed)) {
      if (!mayMove(rule, changed)) continue;
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

/** Whether one change can give up and another take a value, as far as counts tell: spares reading the changes. */
function mayMove({ involved }: UniqueRule, { counts, profiles }: ChangedTable): boolean {
  const updates = involved.some((position) => (profiles.update.columns[position]?.rows ?? 0) > 0);
  return (counts.delete > 0 || updates) && (counts.insert > 0 || updates);
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
  { compared, spelling, nullsFree }: UniqueRule,
  side: (change: Change, position: number) => Datum | undefined,
): string | undefined {
  if (compared.length === 0) return "";
  const values = compared.map((position, n) => {
    const value = side(change, position);
    const spell = spelling[n];
    return typeof value === "string" && spell ? spell(value) : value;
  });
  return nullsFree ? tuple(values) : JSON.stringify(values);
}

/** Every unique index and exclusion constraint of the table but the key that rows are paired by. */
export function uniqueRules(
  catalog: Catalog,
  table: Table,
  changed: ChangedTable,
): readonly UniqueRule[] {
  const known = (columns: readonly string[]) =>
    [...new Set(columns)].map((column) => changed.columns.indexOf(column)).filter((at) => at >= 0);
  const rule = (
    columns: readonly string[],
    facts: Pick<UniqueRule, "name" | "deferrable" | "nullsFree">,
  ): UniqueRule => {
    const compared = known(columns);
    const spelling = compared.map((position) =>
      spellingOf(catalog, table, changed.columns[position] ?? ""),
    );
    // Where only PostgreSQL can tell equal values, every value may be equal to every other.
    if (spelling.includes("unknown"))
      return { ...facts, compared: [], spelling: [], involved: compared };
    return {
      ...facts,
      compared,
      spelling: spelling.map((spell) => (spell === "unknown" ? undefined : spell)),
      involved: compared,
    };
  };
  const rules: UniqueRule[] = [];
  for (const constraint of table.constraints) {
    const { name } = constraint;
    if (constraint.kind === "primary" || constraint.kind === "unique") {
      if (isKey(constraint.columns, changed)) continue;
      const deferrable = constraint.deferrable !== "no";
      rules.push(
        rule(constraint.columns, { name, deferrable, nullsFree: !constraint.nullsNotDistinct }),
      );
    } else if (constraint.kind === "exclusion") {
      const involved = known(mentions(constraint.definition, changed.columns));
      rules.push({
        name,
        compared: [],
        spelling: [],
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
    const facts = { name: index.name, deferrable: false, nullsFree: !index.nullsNotDistinct };
    rules.push({ ...rule(plain ? columns : [], facts), involved: known([...columns, ...hidden]) });
  }
  return rules.filter(({ involved }) => involved.length > 0);
}

/** One spelling for all texts that the column's unique index takes for equal; undefined where the text itself decides. */
function spellingOf(
  catalog: Catalog,
  table: Table,
  name: string,
): ((text: string) => string) | "unknown" | undefined {
  const column = table.columns.find((candidate) => candidate.name === name);
  const key = column && keyClassOf(column, catalog);
  if (!key || key.kind === "exact") return undefined;
  if (key.kind === "canonical") return key.canonical;
  const { fold } = key;
  return fold ? (text) => fold(text) ?? text.toLowerCase() : "unknown";
}

function isKey(columns: readonly string[], { key }: ChangedTable): boolean {
  return columns.length === key.length && columns.every((column) => key.includes(column));
}
