/**
 * Rows whose key was changed: an insert and a delete to a comparison. Where deletes are withheld, both would be there.
 */
import { createHash } from "node:crypto";
import { type Change, isLong } from "../../compare/change.ts";
import { type Finding, finding } from "../../findings.ts";
import type { ChangedTable, Changeset } from "../types.ts";

/** Rows that are remembered, at 32 bytes and what a set takes for each; further ones are not looked at, and the finding says so. */
const REMEMBERED = 1_000_000;

/** A warning for each table with inserts that equal withheld deletes in all columns but the key. */
export async function changedKeys(
  { changeset }: { readonly changeset: Changeset },
  remembered: number = REMEMBERED,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const { table, key, counts, withheld } = changed;
    if (key.length === 0 || counts.insert === 0 || withheld.delete === 0) continue;
    const { rows, unseen } = await countCopies(changed, changeset, remembered);
    const facts = { code: "keys_changed", table, key, rows } as const;
    if (rows + unseen > 0) findings.push(finding(unseen === 0 ? facts : { ...facts, unseen }));
  }
  return findings;
}

/** How many inserted rows have a withheld one that differs in its key only, and how many withheld ones were not looked at. */
async function countCopies(
  changed: ChangedTable,
  changeset: Changeset,
  remembered: number,
): Promise<{ readonly rows: number; readonly unseen: number }> {
  const { table, columns, key } = changed;
  const others = [...columns.keys()].filter((at) => !key.includes(columns[at] ?? ""));
  if (others.length === 0) return { rows: 0, unseen: 0 };
  const left = new Set<string>();
  let unseen = changed.withheld.insert + changed.withheld.delete;
  for await (const change of changeset.withheld(table)) {
    if (change.kind === "update") continue;
    if (left.size === remembered) break;
    unseen -= 1;
    const print = printOf(change, others);
    if (print !== undefined) left.add(print);
  }
  let rows = 0;
  for await (const change of changeset.changes(table, "insert")) {
    if (change.kind === "insert" && left.has(printOf(change, others) ?? "")) rows += 1;
  }
  return { rows, unseen };
}

/** A fingerprint of the row's values; undefined where all are NULL, which tells nothing. */
function printOf(
  change: Exclude<Change, { kind: "update" }>,
  positions: readonly number[],
): string | undefined {
  const row = change.kind === "insert" ? change.after : change.before;
  const values = positions.map((at) => {
    const value = row[at] ?? null;
    // The same text lies elsewhere in each row.
    return isLong(value) ? { sha256: value.long.sha256 } : value;
  });
  if (values.every((value) => value === null)) return undefined;
  return createHash("sha256").update(JSON.stringify(values)).digest("binary");
}
