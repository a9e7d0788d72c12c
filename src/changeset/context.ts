/**
 * Which unchanged values an update carries along, because what orders and reviews changes must know them.
 */
import { foreignKeysTo } from "../catalog/lookup.ts";
import { constrainedColumns, type TablePair } from "../catalog/pair.ts";
import type { Catalog } from "../catalog/types.ts";
import { keyClassOf } from "../compare/key.ts";

/**
 * The columns that constraints need, in the pair's order. The whole of a key that others refer to is among them where one of its columns
 * has several spellings of a value: a new spelling of one is a new value to foreign keys, which compare bytes.
 */
export function contextColumns(catalog: Catalog, pair: TablePair): readonly string[] {
  const { production, columns, key = [] } = pair;
  const needed = new Set(constrainedColumns(catalog, pair));
  const isSpelled = (name: string) => {
    const column = production.columns.find((candidate) => candidate.name === name);
    return column !== undefined && keyClassOf(column, catalog).kind !== "exact";
  };
  const isReferenced = foreignKeysTo(catalog, production.name).length > 0;
  if (key.length > 1 && isReferenced && key.some(isSpelled))
    for (const column of key) needed.add(column);
  return columns.filter((column) => needed.has(column));
}
