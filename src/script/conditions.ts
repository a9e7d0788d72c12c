/**
 * Set-based conditions over a VALUES list of expected rows: shared by state check, verify and preflight.
 */
import type { Chunk, ChunkRow } from "./chunks.ts";
import { asHash, asText, operator, type ScriptColumn } from "./column.ts";
import { ident, join, literal, type Sql, sql } from "./sql.ts";
import { type ScriptTable, valueRow } from "./table.ts";

export type Sides = "before" | "after" | "both" | "key";

/** `(VALUES ...) AS want (k1, b1, a1)`: key columns k, values before b, values after a. */
export function wanted(table: ScriptTable, chunk: Chunk, sides: Sides): Sql {
  const withBefore = (sides === "before" || sides === "both") && chunk.kind !== "insert";
  const withAfter = (sides === "after" || sides === "both") && chunk.kind !== "delete";
  const valueTypes = chunk.columns.map((position, index) =>
    valueType(columnAt(table, position), chunk.hashed[index] ?? false),
  );
  const types = [
    ...table.key.map(({ cast }) => cast),
    ...(withBefore ? valueTypes : []),
    ...(withAfter ? valueTypes : []),
  ];
  const values = ({ key, before, after }: ChunkRow) => [
    ...key,
    ...(withBefore ? before : []),
    ...(withAfter ? after : []),
  ];
  // The casts of the first row give the whole list its types.
  const rows = chunk.rows.map((row, index) =>
    valueRow(values(row), index === 0 ? types : undefined),
  );
  const names = [
    ...table.key.map((_, index) => sql`k${index + 1}`),
    ...(withBefore ? chunk.columns.map((_, index) => sql`b${index + 1}`) : []),
    ...(withAfter ? chunk.columns.map((_, index) => sql`a${index + 1}`) : []),
  ];
  return sql`(VALUES ${join(rows, ",\n      ")}) AS want (${join(names, ", ")})`;
}

function valueType(column: ScriptColumn, hashed: boolean): Sql {
  return column.equality === "value" && !hashed ? column.cast : sql`text`;
}

/** `t` is the row with the wanted key, by the operators of the key's index: two spellings of one key are one row. */
export function sameKey(table: ScriptTable): Sql {
  return join(
    table.key.map(
      (column, index) => sql`t.${ident(column.name)} ${operator(column)} want.k${index + 1}`,
    ),
    " AND ",
  );
}

/** For each compared column: the condition that `t` holds the wanted value of one side. */
export function sameValues(
  table: ScriptTable,
  chunk: Chunk,
  side: "before" | "after",
): readonly Sql[] {
  const prefix = side === "before" ? sql`want.b` : sql`want.a`;
  return chunk.columns.map((position, index) => {
    const column = columnAt(table, position);
    const value = sql`${prefix}${index + 1}`;
    if (chunk.hashed[index]) return sql`${asHash(column, sql`t.`)} IS NOT DISTINCT FROM ${value}`;
    if (column.equality === "text")
      return sql`${asText(column, sql`t.`)} IS NOT DISTINCT FROM ${value}`;
    const comparison = column.notNull ? sql`=` : sql`IS NOT DISTINCT FROM`;
    return sql`t.${ident(column.name)} ${comparison} ${value}`;
  });
}

/** Names the row for people: `id=3` or `a=1, b=x`. Names are data, never part of a format string. */
export function keyLabel(table: ScriptTable): Sql {
  const parts = table.key.map(
    (column, index) =>
      sql`${literal(`${index > 0 ? ", " : ""}${column.name}=`)}, want.k${index + 1}`,
  );
  return sql`concat(${join(parts, ", ")})`;
}

/** The names of the compared columns for which `conditions` do not hold, as one text. */
export function differing(table: ScriptTable, chunk: Chunk, conditions: readonly Sql[]): Sql {
  const names = conditions.map((condition, index) => {
    const name = columnAt(table, chunk.columns[index] ?? -1).name;
    return sql`CASE WHEN NOT (${condition}) THEN ${literal(name)} END`;
  });
  return sql`concat_ws(', ', ${join(names, ", ")})`;
}

function columnAt(table: ScriptTable, position: number): ScriptColumn {
  const column = table.columns[position];
  if (!column) throw new Error(`${table.label} has no column at ${position}`);
  return column;
}
