/**
 * Many rows at once: they travel as COPY data into a temporary table, and one set-based statement applies them under the same guards.
 */

import { type ChangeProfile, type ColumnProfile, profiler } from "../changeset/profile.ts";
import type { Change, Datum } from "../compare/change.ts";
import { allUnreferenced } from "./children.ts";
import { hashOf, operator, type ScriptColumn } from "./column.ts";
import { copyData } from "./copy-data.ts";
import {
  all,
  exactKey,
  type RowSet,
  type RowSetColumn,
  sameValues,
  wantedType,
} from "./row-set.ts";
import { ident, join, type Sql, sql } from "./sql.ts";
import { columnList, type ScriptTable } from "./table.ts";

/** When rows go the set-based way. */
export interface BulkOptions {
  /** More rows than this. */
  readonly rows: number;
  /** Or more bytes of values than this. */
  readonly bytes: number;
  /** False: temporary tables may not be made, multi-row VALUES take their place. */
  readonly temporaryTables: boolean;
}

/** Changes of one kind that may be read any number of times. */
export interface Rows {
  readonly kind: Change["kind"];
  readonly count: number;
  readonly changes: () => AsyncIterable<Change>;
}

/** Rows on their way into a temporary table. */
export interface BulkLoad extends RowSet, Rows {
  /** Of the temporary table, within pg_temp. */
  readonly name: Sql;
  /** The values that it holds beside the key. */
  readonly sides: { readonly before: boolean; readonly after: boolean };
}

/** What a set of changes needs of a temporary table. Reads them once. */
export interface Measured extends RowSet {
  readonly bytes: number;
  /** False where a value is no text: such rows are written one by one. */
  readonly copyable: boolean;
}

/** The same for rows that a profile is known of. A check needs no more of large new values than their hash. */
export function measured(
  table: ScriptTable,
  {
    kind,
    count,
    use = "write",
  }: Pick<Rows, "kind" | "count"> & { readonly use?: "write" | "check" },
  profile: ChangeProfile,
): Measured {
  const columns = table.columns.flatMap((column, position) => {
    const { rows, large } = profile.columns[position] ?? NO_COLUMN;
    const hashed = { before: large.before, after: large.after && use === "check" };
    return rows === 0 ? [] : [{ column, position, masked: rows < count, hashed }];
  });
  return { table, kind, columns, bytes: profile.bytes, copyable: profile.text };
}

const NO_COLUMN: ColumnProfile = { rows: 0, large: { before: false, after: false } };

export async function measure(table: ScriptTable, rows: Rows): Promise<Measured> {
  const { note, result } = profiler(table.columns.length);
  for await (const change of rows.changes()) note(change);
  return measured(table, rows, result());
}

/** Whether so many rows go the set-based way. */
export function isBulk({ bytes }: Measured, count: number, options: BulkOptions): boolean {
  return count > options.rows || bytes > options.bytes;
}

/** CREATE, COPY with its data, ANALYZE; the data in pieces of many lines. */
export async function* loadRows(load: BulkLoad): AsyncGenerator<Sql> {
  const { name, table, changes } = load;
  const fields = fieldsOf(load);
  const definitions = fields.map(({ field, type }) => sql`${field} ${type}`);
  yield sql`CREATE TEMPORARY TABLE ${name} (${join(definitions, ", ")}) ON COMMIT DROP;`;
  yield sql`COPY pg_temp.${name} FROM stdin;`;
  const hashed = load.columns.some((column) => column.hashed.before || column.hashed.after);
  const values = fields.map(({ value }) => value);
  yield* copyData(changes(), values, !hashed);
  yield END_OF_DATA;
  const key = table.key.map((_, n) => sql`k${n + 1}`);
  yield sql`CREATE INDEX ON pg_temp.${name} (${join(key, ", ")});`;
  yield sql`ANALYZE pg_temp.${name};`;
}

const END_OF_DATA = sql`\\.`;

interface Field {
  readonly field: Sql;
  readonly type: Sql;
  readonly value: (change: Change) => Datum;
}

function fieldsOf({ table, columns, kind, sides }: BulkLoad): readonly Field[] {
  const key = table.key.map(
    (column, n): Field => ({
      field: sql`k${n + 1}`,
      type: column.cast,
      value: (change) => change.key[n] ?? null,
    }),
  );
  return [
    ...key,
    ...columns.flatMap((column, n) =>
      valueFields(column, n + 1, {
        before: sides.before && kind !== "insert",
        after: sides.after && kind !== "delete",
      }),
    ),
  ];
}

function valueFields(wanted: RowSetColumn, n: number, sides: BulkLoad["sides"]): readonly Field[] {
  const { position, masked, hashed } = wanted;
  const index = (change: Change) =>
    change.kind === "update" ? change.columns.indexOf(position) : position;
  const before = (change: Change): Datum => {
    const value = change.kind === "insert" ? null : (change.before[index(change)] ?? null);
    return hashed.before && value !== null ? hashOf(value) : value;
  };
  const after = (change: Change): Datum => {
    const value = change.kind === "delete" ? null : (change.after[index(change)] ?? null);
    return hashed.after && value !== null ? hashOf(value) : value;
  };
  return [
    ...(sides.before
      ? [{ field: sql`b${n}`, type: wantedType(wanted, "before"), value: before }]
      : []),
    ...(sides.after
      ? [{ field: sql`a${n}`, type: wantedType(wanted, "after"), value: after }]
      : []),
    ...(masked
      ? [
          {
            field: sql`m${n}`,
            type: sql`boolean`,
            value: (change: Change) => (index(change) < 0 ? "f" : "t"),
          },
        ]
      : []),
  ];
}

/**
 * The one statement that applies the rows of `from`, a relation called `want`. Deletes are all or nothing where rows refer to each
 * other by foreign keys that act, or `within` any.
 */
export function applyRows(rows: RowSet, from: Sql, within = false): Sql {
  const { table, kind, columns } = rows;
  switch (kind) {
    case "insert": {
      const overriding = table.overriding ? sql` OVERRIDING SYSTEM VALUE` : sql``;
      const values = columns.map(({ column }, n) => applied(column, n));
      const absent = sql` WHERE NOT EXISTS (SELECT FROM ${table.target} AS t WHERE ${exactKey(rows)})`;
      const conflict = table.arbiter
        ? sql` ON CONFLICT ${columnList(table.key)} DO NOTHING`
        : absent;
      return sql`INSERT INTO ${table.qualified} ${columnList(columns.map(({ column }) => column))}${overriding}
  SELECT ${join(values, ", ")} FROM ${from}${conflict};`;
    }
    case "update": {
      const assignments = columns.map(({ column, masked }, n) => {
        const kept = sql`CASE WHEN want.m${n + 1} THEN ${applied(column, n)} ELSE t.${ident(column.name)} END`;
        return sql`${ident(column.name)} = ${masked ? kept : applied(column, n)}`;
      });
      return sql`UPDATE ${table.target} AS t SET ${join(assignments, ", ")}
  FROM ${from} WHERE ${all([exactKey(rows), ...stillHolds(rows)])};`;
    }
    case "delete":
      return deleteRows(rows, from, within);
  }
}

/** A row that is not as expected must not go along with one that it refers to, of this set or a later one. */
function deleteRows(rows: RowSet, from: Sql, within: boolean): Sql {
  const { table } = rows;
  const own = table.key.map(
    (column, n) => sql`c.${ident(column.name)} ${operator(column)} want.k${n + 1}`,
  );
  const inSet = sql`EXISTS (SELECT FROM given AS want WHERE ${join(own, " AND ")})`;
  const conditions = [
    ...stillHolds(rows),
    ...allUnreferenced(table.children, table.columns, inSet),
  ];
  const expected = join([exactKey(rows), ...conditions], " AND ");
  if (!within && !table.children.some(({ same }) => same))
    return sql`DELETE FROM ${table.target} AS t USING ${from}
  WHERE ${expected};`;
  const differs = sql`SELECT FROM ${table.target} AS t JOIN given AS want ON ${exactKey(rows)} WHERE (${all(conditions)}) IS NOT TRUE`;
  return sql`WITH given AS MATERIALIZED (SELECT want.* FROM ${from})
DELETE FROM ${table.target} AS t USING given AS want
  WHERE ${expected} AND NOT EXISTS (${differs});`;
}

/** A new value with its column's type: text is read by the type's input function. */
export function applied(column: ScriptColumn, n: number): Sql {
  return column.equality === "value" ? sql`want.a${n + 1}` : sql`want.a${n + 1}::${column.cast}`;
}

/** `t` still holds the old values. The key's own old values are those that `exactKey` finds. */
export function stillHolds(rows: RowSet): readonly Sql[] {
  return sameValues(rows, "before").filter(
    (_, n) => !rows.table.keyPositions.includes(rows.columns[n]?.position ?? -1),
  );
}
