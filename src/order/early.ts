/**
 * The order of updates that run before all other changes of their table, because nothing but themselves frees their unique values.
 */
import type { Change } from "../compare/change.ts";
import { valueAfter } from "../compare/change.ts";
import { components } from "./components.ts";

/** Such an update. Values are those of unique indexes, told apart by index. */
export interface Early {
  /** The `rowKey`. */
  readonly key: string;
  readonly change: Extract<Change, { kind: "update" }>;
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
    if (group.length > 1 || !only || refersAhead(only, bound)) {
      stuck.push(...group.map(({ key }) => key));
      continue;
    }
    const below = needs(only).map(({ key }) => levels.get(key));
    if (below.includes(undefined)) stuck.push(only.key);
    else levels.set(only.key, Math.max(-1, ...below.map((level) => level ?? -1)) + 1);
  }
  return { levels, stuck };
}

function refersAhead({ change }: Early, bound: ReadonlySet<number>): boolean {
  return change.columns.some(
    (position) => bound.has(position) && (valueAfter(change, position) ?? null) !== null,
  );
}
