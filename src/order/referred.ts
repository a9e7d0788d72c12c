/**
 * Which of the rows to delete others still refer to before the steps run.
 */
import type { Catalog } from "../catalog/types.ts";
import type { ChangedTable, Changeset } from "../changeset/types.ts";
import { type Change, valueBefore } from "../compare/change.ts";
import { type Reference, references } from "./references.ts";
import { rowKey } from "./release.ts";

/**
 * Tells rows that others still refer to before their own change. Local has no reference to a row that is deleted: who refers to it in
 * production is among the changes.
 */
export async function referredRows(
  catalog: Catalog,
  { changeset, changed }: { readonly changeset: Changeset; readonly changed: ChangedTable },
  isGiver: (key: string) => boolean,
): Promise<(row: Change) => boolean> {
  const links = references(catalog, changeset.tables).filter(({ parent }) => parent === changed);
  const referred: { readonly link: Reference; readonly values: ReadonlySet<string> }[] = [];
  if (links.length === 0 || !(await someDelete(changeset, changed, isGiver))) return () => false;
  for (const link of links) {
    const { child, childPositions, parentPositions, tuple } = link;
    // A reference by columns that are not compared may be to any row.
    if (!childPositions || !parentPositions) return () => true;
    const values = new Set<string>();
    for (const kind of ["update", "delete"] as const) {
      for await (const change of changeset.changes(child.table, kind)) {
        const value = tuple(childPositions.map((position) => valueBefore(change, position)));
        if (value !== undefined) values.add(value);
      }
    }
    referred.push({ link, values });
  }
  return (row) =>
    referred.some(({ link: { parentPositions = [], tuple }, values }) =>
      values.has(tuple(parentPositions.map((position) => valueBefore(row, position))) ?? ""),
    );
}

async function someDelete(
  changeset: Changeset,
  { table }: ChangedTable,
  test: (key: string) => boolean,
): Promise<boolean> {
  for await (const change of changeset.changes(table, "delete"))
    if (test(rowKey(change))) return true;
  return false;
}
