/**
 * Which rows a script writes for the second time: parked first, carried along by a referential action, or let go from a circle.
 */
import { nameKey } from "../names.ts";
import { type ReleasesByTable, rowKey } from "./release.ts";
import type { Step } from "./steps.ts";

/** Notes with each update and delete which rows are written for the second time by then. */
export async function withSecondWrites(
  steps: readonly Step[],
  releases: ReleasesByTable,
): Promise<readonly Step[]> {
  const written = new Map<string, Set<string>>();
  for (const [table, { parked, cascaded }] of releases)
    written.set(table, new Set([...parked.keys(), ...cascaded.keys()]));
  for (const { kind, table, changes, frees } of steps) {
    // Those that free values are the parked ones, which are known.
    if (kind !== "release" || frees) continue;
    const rows = written.get(nameKey(table)) ?? new Set();
    for await (const change of changes()) rows.add(rowKey(change));
    written.set(nameKey(table), rows);
  }
  return steps.map((step) => {
    const rows = written.get(nameKey(step.table));
    const isSecond = step.kind === "update" || step.kind === "delete";
    return rows && rows.size > 0 && isSecond ? { ...step, rewritten: rows } : step;
  });
}
