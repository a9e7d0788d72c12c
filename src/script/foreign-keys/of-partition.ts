/**
 * Foreign keys that only one partition has: rows that others take do not count.
 */
import type { RowSet } from "../row-set.ts";
import { comment, doBlock, ident, join, type Sql, sql } from "../sql.ts";
import { ASKS, type ForeignKeyFacts } from "./asked.ts";
import { COUNTED_ROWS, refuse } from "./block.ts";
import { valueNow } from "./given.ts";
import type { Link } from "./links.ts";
import { type Missing, missingLabel, missingParents, type Wanted } from "./missing.ts";
import { type Bound, boundColumns, routed } from "./routing.ts";

/** Rows whose reference leads nowhere and which the one partition takes that has the foreign key. */
export function* checksOfPartition(
  { catalog, words }: ForeignKeyFacts,
  { rows, from, isNew }: Wanted,
  link: Link,
): Generator<Sql> {
  const bound = boundColumns(catalog, rows.table);
  const missing = missingParents(catalog, { rows, from, isNew }, link, bound);
  // A default would decide.
  if (!missing || (rows.kind === "insert" && bound.some(({ position }) => position < 0))) return;
  const label = missingLabel(rows, missing, link);
  yield comment(`${ASKS.parents} (${link.foreignKey.name}), as far as they go into that partition`);
  yield doBlock(
    "foreign_keys",
    routed({
      link,
      bound,
      rows: routedRows(rows, { missing, bound }, label),
      declare: sql`others text[];`,
      finish: sql`others := ARRAY(SELECT told[hit] FROM unnest(hits) AS hit LIMIT ${COUNTED_ROWS});
  ${refuse(words)}`,
    }),
  );
}

/** For `routed`. */
export function routedRows(
  rows: RowSet,
  { missing, bound }: { readonly missing: Missing; readonly bound: readonly Bound[] },
  label: Sql,
): Sql {
  const values = bound.map((column) => sql`${valueNow(rows, column)} AS ${ident(column.name)}`);
  return sql`SELECT ${label} AS "rowpatch row", ${join(values, ", ")} FROM ${missing.source}
    WHERE ${missing.condition}`;
}
