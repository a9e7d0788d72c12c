/**
 * Rows of one step that refer to each other and are deleted one by one, those that refer first.
 */
import type { Catalog } from "../../catalog/types.ts";
import { type Change, type Datum, valueBefore } from "../../compare/change.ts";
import { spelledTuple } from "../../order/references.ts";
import { positionsOf } from "../relations/rows.ts";
import { join, type Sql, sql } from "../sql.ts";
import { keyCondition, type ScriptTable } from "../table.ts";
import type { Asked } from "./asked.ts";
import { isWithin } from "./links.ts";

/**
 * For each delete of a step in turn: conditions that the rows before it which refer to it are gone. One that is not as expected stays,
 * and so does what it refers to: the state check names them all. By key, for nobody knows of an index on the reference.
 */
export function goneFirst(
  catalog: Catalog,
  { children }: Asked,
  table: ScriptTable,
): (change: Change) => readonly Sql[] {
  const links = children.flatMap((link) => {
    if (!isWithin(catalog, link)) return [];
    const { references, referencedColumns, columns } = link.foreignKey;
    const parents = positionsOf(table, referencedColumns);
    const own = positionsOf(table, columns);
    const tuple = spelledTuple(catalog, references, referencedColumns);
    const seen = new Map<string, (readonly Datum[])[]>();
    return parents && own ? [{ parents, own, tuple, seen }] : [];
  });
  return (change) => {
    if (change.kind !== "delete") return [];
    const at = (positions: readonly number[]) =>
      positions.map((position) => valueBefore(change, position));
    const before = links.flatMap(
      ({ parents, tuple, seen }) => seen.get(tuple(at(parents)) ?? "") ?? [],
    );
    for (const { own, tuple, seen } of links) {
      const refers = tuple(at(own));
      if (refers !== undefined) seen.set(refers, [...(seen.get(refers) ?? []), change.key]);
    }
    if (before.length === 0) return [];
    const rows = join(
      before.map((key) => keyCondition(table, key, sql`c.`)),
      " OR ",
    );
    return [sql`NOT EXISTS (SELECT FROM ${table.target} AS c WHERE ${rows})`];
  };
}
