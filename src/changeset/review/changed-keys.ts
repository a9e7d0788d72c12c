/**
 * Rows whose key was changed: an insert and a delete to a comparison. Where deletes are withheld, both would be there.
 */
import { createHash } from "node:crypto";
import type { Change, Datum } from "../../compare/change.ts";
import { type Finding, finding } from "../../findings.ts";
import type { ChangedTable, Changeset } from "../types.ts";

/** Rows that are remembered, at 32 bytes and what a set takes for each; further ones are not looked at. */
const REMEMBERED = 1_000_000;

/** A warning for each table with inserts that equal withheld deletes in all columns but the key. */
export async function changedKeys({
  changeset,
}: {
  readonly changeset: Changeset;
}): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const changed of changeset.tables) {
    const { table, key, counts, withheld } = changed;
    if (key.length === 0 || counts.insert === 0 || withheld.delete === 0) continue;
    const rows = await countCopies(changed, changeset);
    if (rows > 0) findings.push(finding({ code: "keys_changed", table, key, rows }));
  }
  return findings;
}

/** How many inserted rows have a withheld one that differs in its key only. */
async function countCopies(changed: ChangedTable, changeset: Changeset): Promise<number> {
  const { table, columns, key } = changed;
  const others = [...columns.keys()].filter((at) => !key.includes(columns[at] ?? ""));
  if (others.length === 0) return 0;
  const left = new Set<string>();
  for await (const print of printsOf(changeset.withheld(table), others)) {
    left.add(print);
    if (left.size === REMEMBERED) break;
  }
  let copies = 0;
  for await (const print of printsOf(changeset.changes(table, "insert"), others)) {
    if (left.has(print)) copies += 1;
  }
  return copies;
}

/** Of the rows that are inserted or deleted, as far as their values tell anything. */
async function* printsOf(
  changes: AsyncIterable<Change>,
  positions: readonly number[],
): AsyncGenerator<string> {
  for await (const change of changes) {
    if (change.kind === "update") continue;
    const print = printOf(change.kind === "insert" ? change.after : change.before, positions);
    if (print !== undefined) yield print;
  }
}

/** A fingerprint of the values; undefined where all are NULL, which tells nothing. */
function printOf(row: readonly Datum[], positions: readonly number[]): string | undefined {
  const values = positions.map((at) => row[at] ?? null);
  if (values.every((value) => value === null)) return undefined;
  return createHash("sha256").update(JSON.stringify(values)).digest("binary");
}
