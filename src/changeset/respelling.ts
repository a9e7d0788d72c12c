/**
 * Updates that give equal values another spelling: 1.0 for 1, X for x where case does not count.
 */
import { type Change, type Datum, valueAfter, valueBefore } from "../compare/change.ts";
import type { ChangedTable } from "./types.ts";

/**
 * Whether the columns at `positions` hold values after the change that are equal to those before, whatever their spelling. `tuple` gives
 * equal values the same text, as far as texts tell. What the key by which rows are paired has after is equal by that.
 */
export function onlyRespells(
  { key, columns }: ChangedTable,
  { change, positions }: { readonly change: Change; readonly positions: readonly number[] },
  tuple: (values: readonly (Datum | undefined)[]) => string | undefined,
): boolean {
  const before = positions.map((position) => valueBefore(change, position));
  const after = positions.map((position, n) =>
    key.includes(columns[position] ?? "") ? before[n] : valueAfter(change, position),
  );
  return tuple(after) === tuple(before);
}
