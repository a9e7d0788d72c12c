/**
 * Updates that run before all other changes of their table, and the order of those that free each other's unique values.
 */
import type { ChangedTable } from "../changeset/types.ts";
import type { Change } from "../compare/change.ts";
import { valueAfter } from "../compare/change.ts";
import { components } from "./components.ts";

export type Update = Extract<Change, { kind: "update" }>;

/** Columns of a table by which its rows may refer to rows that only the same group of steps makes. */
export type BoundColumns = (table: ChangedTable) => ReadonlySet<number>;

/** Such an update. Values are those of unique indexes, told apart by index. */
export interface Early {
  /** The `rowKey`. */
  readonly key: string;
  readonly change: Update;
  readonly gives: readonly string[];
  readonly takes: readonly string[];
}

export interface Levels {
  /** By `rowKey`: rows of one level do not wait for each other, and those of a level only for lower ones. */
  readonly levels: ReadonlyMap<string, number>;
  /** Keys of rows that wait for each other in a circle, or for rows that are not there yet. */
  readonly stuck: readonly string[];
}

/** Those who take a value come after those who give it up. `bound` columns may refer to rows that are inserted only later. */
export function levelsOf(updates: readonly Early[], bound: ReadonlySet<number>): Levels {
  const holders = new Map<string, Early[]>();
  for (const update of updates) {
    for (const value of update.gives) holders.set(value, [...(holders.get(value) ?? []), update]);
  }
  const needs = (update: Early) =>
    update.takes.flatMap((value) => holders.get(value) ?? []).filter((held) => held !== update);
  const levels = new Map<string, number>();
  const stuck: string[] = [];
  for (const group of components(updates, needs)) {
    const [only] = group;
    if (group.length > 1 || !only || refersAhead(only.change, bound)) {
      stuck.push(...group.map(({ key }) => key));
      continue;
    }
    const below = needs(only).map(({ key }) => levels.get(key));
    if (below.includes(undefined)) stuck.push(only.key);
    else levels.set(only.key, Math.max(-1, ...below.map((level) => level ?? -1)) + 1);
  }
  return { levels, stuck };
}

/** Whether the update may refer to a row that only the same group of steps makes. */
export function refersAhead(change: Update, bound: ReadonlySet<number>): boolean {
  return change.columns.some(
    (position) => bound.has(position) && (valueAfter(change, position) ?? null) !== null,
  );
}
