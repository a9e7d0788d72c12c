/**
 * Which partition of production takes a row. The server's own bounds are asked: partitions come and go.
 */
import { partitionTree, tableByName } from "../../catalog/lookup.ts";
import { mentions } from "../../catalog/mentions.ts";
import type { Catalog } from "../../catalog/types.ts";
import { nameKey, quoteName } from "../../names.ts";
import { asText, type ScriptColumn } from "../column.ts";
import { ident, join, literal, type Sql, sql } from "../sql.ts";
import { type ScriptTable, scriptColumn } from "../table.ts";
import { isThere, LEFT_TO_POSTGRESQL } from "./block.ts";
import type { Link } from "./links.ts";

/** A column that decides between partitions; its place in the changed columns, -1 where it is not compared. */
export interface Bound {
  readonly column: ScriptColumn;
  readonly name: string;
  readonly position: number;
}

/** Those that any partition key of the tree mentions. */
export function boundColumns(
  catalog: Catalog,
  { name, catalog: root, changed }: ScriptTable,
): readonly Bound[] {
  const byName = tableByName(catalog);
  const keys = partitionTree(catalog, name)
    .map((member) => byName.get(nameKey(member))?.partitionKey ?? "")
    .join(" ");
  return root.columns
    .filter((column) => mentions(keys, [column.name]).length > 0)
    .map((column) => ({
      column: scriptColumn(catalog, column),
      name: column.name,
      position: changed.columns.indexOf(column.name),
    }));
}

/** The beginning of a query, as a literal, that lists the places in arrays of texts, one for each column, where a condition holds. */
export function routingQuery(bound: readonly Bound[]): Sql {
  const typed = bound.map(
    ({ column }, n) => sql`given.c${n + 1}::${column.cast} AS ${ident(column.name)}`,
  );
  const unnested = bound.map((_, n) => sql`unnest($${n + 1})`);
  return literal(
    sql`SELECT array_agg("rowpatch row") FROM (SELECT ${join(typed, ", ")}, given.n AS "rowpatch row" FROM ROWS FROM (${join(unnested, ", ")}) WITH ORDINALITY AS given (${join(arrayNames(bound), ", ")}, n)) AS r WHERE `,
  );
}

/** `c1`, `c2` ...: an array for each column. */
export function arrayNames(bound: readonly Bound[]): readonly Sql[] {
  return bound.map((_, n) => sql`c${n + 1}`);
}

/** A body that asks about rows of which only some go into the partition; see `routed`. */
export interface Routed {
  readonly link: Link;
  readonly bound: readonly Bound[];
  /** Selects the rows as `"rowpatch row"`, a text, with the values of the bound columns under their names. */
  readonly rows: Sql;
  readonly declare: Sql;
  /** Statements over `told`, the texts, and `hits`, the places in it of rows for the partition. */
  readonly finish: Sql;
}

/** A DO body for a foreign key of a single partition: rows that other partitions take do not count. */
export function routed({ link, bound, rows, declare, finish }: Routed): Sql {
  const arrays = arrayNames(bound);
  const texts = bound.map(({ column }) => sql`array_agg(${asText(column, sql`q.`)})`);
  return sql`DECLARE
  takes text;
  told text[];
  ${join(
    arrays.map((array) => sql`${array} text[];`),
    " ",
  )}
  hits bigint[];
  ${declare}
BEGIN
  SELECT coalesce(pg_get_partition_constraintdef(r.oid), 'true') INTO takes FROM pg_class AS r WHERE r.oid = to_regclass(${literal(quoteName(link.child))}) AND r.relispartition AND ${isThere(link)};
  IF takes IS NULL THEN RETURN; END IF;
  SELECT array_agg(q."rowpatch row"), ${join(texts, ", ")} INTO told, ${join(arrays, ", ")}
  FROM (${rows}) AS q;
  IF told IS NULL THEN RETURN; END IF;
  EXECUTE concat(${routingQuery(bound)}, takes) INTO hits USING ${join(arrays, ", ")};
  ${finish}
${LEFT_TO_POSTGRESQL}
END`;
}
