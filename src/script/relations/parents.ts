/**
 * Parents that inserted and updated rows refer to and that are missing.
 */

import type { Change } from "../../compare/change.ts";
import { valueAfter } from "../../compare/change.ts";
import { formatName } from "../../names.ts";
import { spelledTuple } from "../../order/references.ts";
import { valuesList } from "../chunks.ts";
import { decisive, isOfPartition, refers } from "../foreign-keys/asked.ts";
import { listsOf } from "../foreign-keys/given.ts";
import type { Link } from "../foreign-keys/links.ts";
import { missingParents, referringColumns } from "../foreign-keys/missing.ts";
import { routedRows } from "../foreign-keys/of-partition.ts";
import { boundColumns, routed } from "../foreign-keys/routing.ts";
import { collect } from "../preflight.ts";
import { keyLabel, type RowSet } from "../row-set.ts";
import { comment, doBlock, literal, type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";
import { broughtBy, type Context, check } from "./rows.ts";

/** References of inserted and updated rows to rows that neither production nor the changeset has. */
export async function* parentsMissing(
  context: Context,
  table: ScriptTable,
  link: Link,
): AsyncGenerator<Sql> {
  const positions = decisive(context.catalog, table, link);
  const changes = unbrought(context, table, link);
  for await (const rows of listsOf(table, changes, { positions, side: "after" })) {
    const from = valuesList(rows, { before: false, after: true });
    const block = isOfPartition({ table }, link)
      ? ofPartition(context, { rows, from }, link)
      : ofTable(context, { rows, from }, link);
    if (block !== undefined) yield block;
  }
}

/** Changes that refer to something which the changeset does not bring. */
async function* unbrought(
  context: Context,
  table: ScriptTable,
  link: Link,
): AsyncGenerator<Change> {
  const columns = referringColumns(table, link);
  if (!columns) return;
  const { references, referencedColumns } = link.foreignKey;
  const tuple = spelledTuple(context.catalog, references, referencedColumns);
  const brought = await broughtBy(context, link.foreignKey, tuple);
  for await (const change of context.changeset.changes(table.name)) {
    if (!refers(context.catalog, { table, change }, link)) continue;
    const key = tuple(columns.map(({ position }) => valueAfter(change, position)));
    if (key === undefined || !brought.has(key)) yield change;
  }
}

interface Asked {
  readonly rows: RowSet;
  readonly from: Sql;
}

function ofTable({ catalog }: Context, { rows, from }: Asked, link: Link): Sql | undefined {
  const missing = missingParents(catalog, { rows, from, isNew: false }, link);
  if (!missing) return undefined;
  const { table } = rows;
  return check(
    table,
    sql`SELECT ${literal(table.label)} AS tbl, ${keyLabel(table)} AS key, 'reference' AS change, 'obstacle' AS state, ${detailOf(link)} AS detail
    FROM ${missing.source} WHERE ${missing.condition}`,
  );
}

function ofPartition({ catalog }: Context, { rows, from }: Asked, link: Link): Sql | undefined {
  const { table } = rows;
  const bound = boundColumns(catalog, table);
  const missing = missingParents(catalog, { rows, from, isNew: false }, link, bound);
  // Where a deciding column is not compared, nobody knows to what an inserted row is defaulted.
  if (!missing || bound.some(({ position }) => position < 0)) return undefined;
  const found = sql`SELECT ${literal(table.label)} AS tbl, told[hit] AS key, 'reference' AS change, 'obstacle' AS state, ${detailOf(link)} AS detail FROM unnest(hits) AS hit`;
  const body = routed({
    link,
    bound,
    rows: routedRows(rows, { missing, bound }, keyLabel(table)),
    declare: sql``,
    finish: sql`${collect(found, "obstacles")};`,
  });
  return sql`${comment(`Relations of ${table.label}`)}\n${doBlock("relations", body)}`;
}

function detailOf({ foreignKey }: Link): Sql {
  return literal(
    `refers to a row of ${formatName(foreignKey.references)} that does not exist (${foreignKey.name})`,
  );
}
