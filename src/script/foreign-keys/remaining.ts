/**
 * Rows that refer to rows which are deleted, or to values which are updated, as queries over `want`.
 */
import { keyCandidates, partitionRoot, tableByName } from "../../catalog/lookup.ts";
import type { Catalog } from "../../catalog/types.ts";
import { formatName, nameKey } from "../../names.ts";
import { stillHolds } from "../bulk.ts";
import { asText, operator } from "../column.ts";
import { columnsOf } from "../relations/rows.ts";
import { all, exactKey, keyLabel, type RowSet, sameKey } from "../row-set.ts";
import { ident, join, literal, type Sql, sql } from "../sql.ts";
import { ownRows, scriptColumn } from "../table.ts";
import { isThere, type Query } from "./block.ts";
import { isGiven } from "./given.ts";
import { inPartition, isWithin, type Link } from "./links.ts";

/**
 * What still refers to the rows of `from` right before they are deleted, or updated in the columns referred to. `own` is the relation
 * again: rows of the set may refer to each other.
 */
export function remainingRows(
  catalog: Catalog,
  { rows, from, own }: { readonly rows: RowSet; readonly from: Sql; readonly own: Sql },
  link: Link,
  kind: "delete" | "update",
): Query | undefined {
  const { table } = rows;
  const { foreignKey, child } = link;
  const refer = columnsOf(catalog, child, foreignKey.columns);
  if (!refer) return undefined;
  const changes = kind === "update" ? changesReferred(rows, link) : undefined;
  if (kind === "update" && changes === undefined) return undefined;
  const partition = nameKey(foreignKey.references) !== nameKey(table.name);
  const keyed = foreignKey.referencedColumns.map((name) => table.changed.key.indexOf(name));
  // Nothing can refer to a key that is not there, unless the foreign key came late.
  const isPlain = !changes && !partition && foreignKey.validated && !keyed.includes(-1);
  const refers = refer.map((column, n) => {
    const value = isPlain
      ? sql`want.k${(keyed[n] ?? 0) + 1}`
      : sql`t.${ident(foreignKey.referencedColumns[n] ?? "")}`;
    return sql`c.${ident(column.name)} ${operator(column)} ${value}`;
  });
  const stands = isPlain ? sql`` : sql` JOIN ${table.target} AS t ON ${sameKey(rows)}`;
  const conditions = [
    ...(changes ? [changes] : []),
    ...(partition ? [inPartition(foreignKey.references, sql`t`)] : []),
    ...(isWithin(catalog, link) ? [notOwn(rows, own)] : []),
    ...(link.isPart ? [isThere(link)] : []),
  ];
  const where = conditions.length > 0 ? sql`\n      WHERE ${all(conditions)}` : sql``;
  return {
    link,
    rows: sql`SELECT ${said(catalog, rows, link)}
      FROM ${from}${stands} JOIN ${ownRows(catalog, child)} AS c ON ${join(refers, " AND ")}${where}`,
  };
}

/** What refers at the end to values that were given up. `values` is the relation's columns that hold them. */
export function leftRows(
  catalog: Catalog,
  { rows, from }: { readonly rows: RowSet; readonly from: Sql },
  link: Link,
  values: readonly Sql[],
): Query | undefined {
  const { foreignKey, child } = link;
  const refer = columnsOf(catalog, child, foreignKey.columns);
  const parents = columnsOf(catalog, foreignKey.references, foreignKey.referencedColumns);
  if (!refer || !parents) return undefined;
  const refers = refer.map(
    (column, n) => sql`c.${ident(column.name)} ${operator(column)} ${values[n] ?? sql``}`,
  );
  const taken = parents.map(
    (column, n) =>
      sql`p.${ident(column.name)} ${operator(column)} c.${ident(foreignKey.columns[n] ?? "")}`,
  );
  return {
    link,
    rows: sql`SELECT ${said(catalog, rows, link)}
      FROM ${from} JOIN ${ownRows(catalog, child)} AS c ON ${join(refers, " AND ")}
      WHERE ${all([...(link.isPart ? [isThere(link)] : []), sql`NOT EXISTS (SELECT FROM ${ownRows(catalog, foreignKey.references)} AS p WHERE ${join(taken, " AND ")})`])}`,
  };
}

/** `t` is about to lose the values referred to. Every action but NO ACTION takes another spelling for a change. */
function changesReferred(rows: RowSet, { foreignKey }: Link): Sql | undefined {
  const { table } = rows;
  const positions = foreignKey.referencedColumns.map((name) => table.changed.columns.indexOf(name));
  const given = positions.filter((position) => isGiven(rows, position));
  if (given.length === 0) return undefined;
  const loses = rows.columns.flatMap(({ column, position, masked }, n) => {
    if (!given.includes(position)) return [];
    const byText = column.equality === "text" && foreignKey.onUpdate !== "no action";
    const cast = column.equality === "text" && !byText ? sql`::${column.cast}` : sql``;
    const stays = byText
      ? sql`${asText(column, sql`t.`)} = want.a${n + 1}`
      : sql`t.${ident(column.name)} ${operator(column)} want.a${n + 1}${cast}`;
    const lost = sql`(${stays}) IS NOT TRUE`;
    return [masked ? sql`want.m${n + 1} AND ${lost}` : lost];
  });
  return loses.length === 1 ? join(loses, "") : sql`(${join(loses, " OR ")})`;
}

/** `c` is none of the rows themselves; where their old values are known, none that holds them still and so goes along. */
function notOwn(rows: RowSet, own: Sql): Sql {
  const { table, columns, kind } = rows;
  const same = (row: Sql) =>
    join(
      table.key.map(
        (column) => sql`${row}.${ident(column.name)} ${operator(column)} c.${ident(column.name)}`,
      ),
      " AND ",
    );
  if (kind === "delete" && columns.length > 0)
    return sql`NOT EXISTS (SELECT FROM ${own} AS want JOIN ${table.target} AS t ON ${exactKey(rows)} WHERE ${all([same(sql`t`), ...stillHolds(rows)])})`;
  const listed = table.key.map(
    (column, n) => sql`own.k${n + 1} ${operator(column)} c.${ident(column.name)}`,
  );
  return sql`NOT EXISTS (SELECT FROM ${own} AS own WHERE ${join(listed, " AND ")})`;
}

/** The row and who refers to it, by key where there is one. */
function said(catalog: Catalog, { table }: RowSet, { child, foreignKey }: Link): Sql {
  // Keys of a partition are those of its root.
  const found = tableByName(catalog).get(nameKey(partitionRoot(catalog, child)));
  const names = (found && keyCandidates(found)[0]?.columns) ?? foreignKey.columns;
  const columns = (found?.columns ?? []).filter(({ name }) => names.includes(name));
  const parts = columns.map((column, n) => {
    const label = `${n > 0 ? ", " : `: ${formatName(child)} `}${column.name}=`;
    return sql`${literal(label)}, c.${ident(scriptColumn(catalog, column).name)}`;
  });
  return sql`concat(${literal(`${table.label} `)}, ${keyLabel(table)}, ${join(parts, ", ")}, ${literal(` refers to it (${foreignKey.name})`)})`;
}
