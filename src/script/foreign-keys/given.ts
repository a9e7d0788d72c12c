/**
 * Some columns of changed rows as a relation called `want`, whatever statement writes the rows.
 */
import { type Change, type Datum, valueAfter, valueBefore } from "../../compare/change.ts";
import { applied } from "../bulk.ts";
import { type Chunk, chunksOf } from "../chunks.ts";
import type { RowSet } from "../row-set.ts";
import { ident, join, type Sql, sql } from "../sql.ts";
import type { ScriptTable } from "../table.ts";

/**
 * Lists of keys with the values that the changes give these columns, or held in them before; those that a change does not concern are
 * left out, and so is a change that concerns none, unless no columns are asked for.
 */
export function listsOf(
  table: ScriptTable,
  changes: AsyncIterable<Change>,
  { positions, side }: { readonly positions: readonly number[]; readonly side: "before" | "after" },
): AsyncGenerator<Chunk> {
  return chunksOf(table, narrowed(changes, { positions, side }), { hashAfter: false });
}

async function* narrowed(
  changes: AsyncIterable<Change>,
  { positions, side }: { readonly positions: readonly number[]; readonly side: "before" | "after" },
): AsyncGenerator<Change> {
  const held = side === "before" ? valueBefore : valueAfter;
  for await (const change of changes) {
    const columns =
      change.kind === "update"
        ? positions.filter((position) => change.columns.includes(position))
        : positions;
    if (columns.length === 0 && positions.length > 0) continue;
    const after: readonly Datum[] = columns.map((position) => held(change, position) ?? null);
    const before = columns.map(() => null);
    yield { kind: "update", key: change.key, columns, before, after, context: new Map() };
  }
}

/** Whether rows of the set give the column a value. */
export function isGiven({ columns }: RowSet, position: number): boolean {
  return columns.some((column) => column.position === position);
}

/** Whether every row does. */
export function isAlwaysGiven({ columns }: RowSet, position: number): boolean {
  return columns.some((column) => column.position === position && !column.masked);
}

/** The column's value after the change: of `want`, else of `t`, the row as it stands. */
export function valueNow(rows: RowSet, { position, name }: ColumnAt): Sql {
  const n = rows.columns.findIndex((column) => column.position === position);
  const wanted = rows.columns[n];
  const stands = sql`t.${ident(name)}`;
  if (!wanted) return stands;
  const value = applied(wanted.column, n);
  return wanted.masked ? sql`CASE WHEN want.m${n + 1} THEN ${value} ELSE ${stands} END` : value;
}

/** A column of a table; its place among the changed ones, -1 where it is not compared. */
export interface ColumnAt {
  readonly name: string;
  readonly position: number;
}

/** Whether the row gives any of these columns a value; undefined where every row does. */
export function givesAny(rows: RowSet, positions: readonly number[]): Sql | undefined {
  if (positions.some((position) => isAlwaysGiven(rows, position))) return undefined;
  const flags = rows.columns.flatMap(({ position }, n) =>
    positions.includes(position) ? [sql`want.m${n + 1}`] : [],
  );
  return sql`(${join(flags, " OR ")})`;
}
