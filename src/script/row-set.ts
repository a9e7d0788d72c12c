/**
 * Expected rows as a relation called `want`, and the conditions that hold the table's rows, called `t`, against it. Shared by bulk
 * statements, state check, verify and preflight, whether the rows stand in a VALUES list or in a temporary table.
 *
 * Columns of `want`: k1, k2 ... the key; b1 ... values before; a1 ... values after; m1 ... whether the row changes the column.
 */
import type { Change } from "../compare/change.ts";
import { asHash, asText, operator, type ScriptColumn } from "./column.ts";
import { ident, join, literal, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** Rows of one kind of change, all of the same width. */
export interface RowSet {
  readonly table: ScriptTable;
  readonly kind: Change["kind"];
  readonly columns: readonly RowSetColumn[];
}

export interface RowSetColumn {
  readonly column: ScriptColumn;
  /** In the table's changed columns. */
  readonly position: number;
  /** Some rows of an update leave the column alone: `m` tells. */
  readonly masked: boolean;
  /** The value of that side is given as its hash. */
  readonly hashed: { readonly before: boolean; readonly after: boolean };
}

export type Side = "before" | "after";

/** The type of a value in `want`: text where equality is by text, or for a hash. */
export function wantedType({ column, hashed }: RowSetColumn, side: Side): Sql {
  return column.equality === "value" && !hashed[side] ? column.plain : sql`text`;
}

/** `t` has the wanted key, by the operators of the key's index: two spellings of one key are one row. */
export function sameKey({ table }: Pick<RowSet, "table">): Sql {
  return join(
    table.key.map((column, n) => sql`t.${ident(column.name)} ${operator(column)} want.k${n + 1}`),
    " AND ",
  );
}

/** `t` has the wanted key, also in its spelling. */
export function exactKey(rows: RowSet): Sql {
  const spellings = rows.table.key.flatMap((column, n) =>
    column.equality === "value"
      ? []
      : [sql`${asText(column, sql`t.`)} = ${asText({ ...column, name: `k${n + 1}` }, sql`want.`)}`],
  );
  return join([sameKey(rows), ...spellings], " AND ");
}

/** For each column: `t` holds the wanted value of one side, or the row leaves the column alone, or a trigger may have written it. */
export function sameValues({ columns }: RowSet, side: Side): readonly Sql[] {
  return columns.map((wanted, n) => {
    if (!wanted.column.checked[side]) return TRUE;
    const value = side === "before" ? sql`want.b${n + 1}` : sql`want.a${n + 1}`;
    const same = sameValue(wanted.column, wanted.hashed[side], value);
    return wanted.masked ? sql`(NOT want.m${n + 1} OR ${same})` : same;
  });
}

function sameValue(column: ScriptColumn, hashed: boolean, value: Sql): Sql {
  if (hashed) return sql`${asHash(column, sql`t.`)} IS NOT DISTINCT FROM ${value}`;
  if (column.equality === "text")
    return sql`${asText(column, sql`t.`)} IS NOT DISTINCT FROM ${value}`;
  return sql`t.${ident(column.name)} ${column.notNull ? sql`=` : sql`IS NOT DISTINCT FROM`} ${value}`;
}

const TRUE = sql`true`;

/** All of the conditions; true for none. */
export function all(conditions: readonly Sql[]): Sql {
  const said = conditions.filter((condition) => condition !== TRUE);
  return said.length > 0 ? join(said, " AND ") : TRUE;
}

/** Names the row for people: `id=3` or `a=1, b=x`. Names are data, never part of a format string. */
export function keyLabel({ key }: ScriptTable): Sql {
  const parts = key.map(
    (column, n) => sql`${literal(`${n > 0 ? ", " : ""}${column.name}=`)}, want.k${n + 1}`,
  );
  return sql`concat(${join(parts, ", ")})`;
}

/** The names of the columns for which `conditions`, one a column, do not hold, as one text. */
export function differing({ columns }: RowSet, conditions: readonly Sql[]): Sql {
  const names = conditions.map(
    (condition, n) =>
      sql`CASE WHEN NOT (${condition}) THEN ${literal(columns[n]?.column.name ?? "")} END`,
  );
  return sql`concat_ws(', ', ${join(names, ", ")})`;
}
