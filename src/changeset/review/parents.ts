/**
 * References of inserted and updated rows to rows of tables that were not compared, or not as a whole: nothing says that production
 * has them. Where it can be read again it is asked; each such table is read once for each foreign key.
 */
import { partitionRoot, partitionTree, tableByName } from "../../catalog/lookup.ts";
import type { ForeignKey } from "../../catalog/types.ts";
import { valueAfter } from "../../compare/change.ts";
import { decodeLine } from "../../compare/decode.ts";
import { type Finding, finding } from "../../findings.ts";
import { nameKey } from "../../names.ts";
import { linesOf, type Tuple, tupleOf, unreadable } from "./blast-radius.ts";
import { type Subject, type Touched, touchedTables, writes } from "./subject.ts";

/** One finding for each foreign key whose parents are missing, or not known. */
export async function parentFindings(subject: Subject): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const touched of touchedTables(subject)) {
    const { counts } = touched.changed;
    if (counts.insert + counts.update === 0) continue;
    for (const constraint of touched.production.constraints) {
      if (constraint.kind !== "foreign" || isCompared(subject, constraint)) continue;
      const found = await missingParents(subject, touched, constraint);
      if (found) findings.push(found);
    }
  }
  return findings;
}

/** Whether every row that local has is in production or in the changeset: local holds to the foreign key. */
function isCompared(
  { catalogs, pairs, filtered, changeset }: Subject,
  { references }: ForeignKey,
): boolean {
  const root = nameKey(partitionRoot(catalogs.production, references));
  const pair = pairs.find(({ name }) => nameKey(name) === root);
  const changed = changeset.tables.find(({ table }) => nameKey(table) === root);
  return pair !== undefined && !filtered.has(pair) && (changed?.withheld.insert ?? 0) === 0;
}

async function missingParents(
  subject: Subject,
  { changed }: Touched,
  foreignKey: ForeignKey,
): Promise<Finding | undefined> {
  const { changeset, catalogs } = subject;
  const { references, referencedColumns } = foreignKey;
  const positions = foreignKey.columns.map((column) => changed.columns.indexOf(column));
  if (positions.includes(-1)) return undefined;
  const tuple = tupleOf(catalogs.production, references, referencedColumns);
  const wanted = new Map<string, number>();
  for await (const change of changeset.changes(changed.table)) {
    if (!positions.some((position) => writes(change, position))) continue;
    const key = tuple(positions.map((position) => valueAfter(change, position)));
    if (key !== undefined) wanted.set(key, (wanted.get(key) ?? 0) + 1);
  }
  await forgetBrought(subject, foreignKey, { wanted, tuple });
  if (wanted.size === 0) return undefined;
  const facts = { table: changed.table, parent: references, constraint: foreignKey.name };
  const reason = unreadable(subject, references);
  if (reason === undefined) await forgetPresent(subject, foreignKey, { wanted, tuple });
  const rows = [...wanted.values()].reduce((sum, count) => sum + count, 0);
  if (rows === 0) return undefined;
  if (reason !== undefined) return finding({ code: "parents_unknown", ...facts, rows, reason });
  const [first = "[]"] = wanted.keys();
  const values: readonly string[] = JSON.parse(first);
  return finding({ code: "parents_missing", ...facts, rows, values });
}

interface Wanted {
  /** Rows of the changeset by the parent that they refer to. */
  readonly wanted: Map<string, number>;
  readonly tuple: Tuple;
}

/** Parents that the changeset itself brings. */
async function forgetBrought(
  { changeset, catalogs }: Subject,
  { references, referencedColumns }: ForeignKey,
  { wanted, tuple }: Wanted,
): Promise<void> {
  const root = nameKey(partitionRoot(catalogs.production, references));
  const parent = changeset.tables.find(({ table }) => nameKey(table) === root);
  const positions = referencedColumns.map((column) => parent?.columns.indexOf(column) ?? -1);
  if (!parent || positions.includes(-1)) return;
  for await (const change of changeset.changes(parent.table)) {
    const key = tuple(positions.map((position) => valueAfter(change, position)));
    if (key !== undefined) wanted.delete(key);
  }
}

/** Parents that production has. */
async function forgetPresent(
  { sources: { production }, catalogs }: Subject,
  { references, referencedColumns }: ForeignKey,
  { wanted, tuple }: Wanted,
): Promise<void> {
  const byName = tableByName(catalogs.production);
  const lines = production.lines({
    table: references,
    parts: partitionTree(catalogs.production, references),
    columns: referencedColumns,
    columnsOf: (part) => byName.get(nameKey(part))?.columns.map(({ name }) => name),
  });
  for await (const line of linesOf(lines)) {
    const key = tuple(decodeLine(line));
    if (key !== undefined) wanted.delete(key);
    if (wanted.size === 0) break;
  }
}
