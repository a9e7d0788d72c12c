/**
 * Conditions that narrow the rows of a table on both sides.
 */
import type { TablePair } from "../catalog/pair.ts";
import { matchesTable } from "../catalog/patterns.ts";
import type { Sides } from "../catalog/sides.ts";
import { ExpectedError } from "../errors.ts";
import type { Source } from "../sources/source.ts";

export interface WhereCondition {
  /** A pattern, see `matchesTable`. */
  readonly table: string;
  /** Evaluated by PostgreSQL. */
  readonly sql: string;
}

/** Conditions by table. @throws ExpectedError `usage` where a side is a dump, or nothing matches. */
export function whereFilters(
  conditions: readonly WhereCondition[],
  pairs: readonly TablePair[],
  { production, local }: Sides<Source>,
): ReadonlyMap<TablePair, string> {
  if (conditions.length > 0 && !(production.kind === "database" && local.kind === "database")) {
    throw new ExpectedError({
      code: "usage",
      message:
        "--where filters only where both sides are live databases: PostgreSQL must evaluate it",
    });
  }
  const filters = new Map<TablePair, string>();
  for (const { table, sql } of conditions) {
    const found = pairs.filter(({ name }) => matchesTable(table, name));
    if (found.length === 0)
      throw new ExpectedError({
        code: "usage",
        message: `--where names ${JSON.stringify(table)}, but no compared table matches`,
      });
    for (const pair of found) filters.set(pair, sql);
  }
  return filters;
}
