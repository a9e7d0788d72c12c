/**
 * Changes as VALUES lists of bounded size. Rows in one list have the same shape, so that one condition fits all.
 */

import { isLarge, sizeOf as sizeOfValue } from "../changeset/profile.ts";
import type { Change, Datum } from "../compare/change.ts";
import { hashOf } from "./column.ts";
import { type RowSet, wantedType } from "./row-set.ts";
import { join, type Sql, sql } from "./sql.ts";
import { type ScriptTable, valueRow } from "./table.ts";

/** PostgreSQL fails on DO blocks of several megabytes; lists this long also keep the script readable. */
const ROWS = 500;
const BYTES = 512 * 1024;
/** What may wait in all groups together. */
const WAITING = 8 * 1024 * 1024;

/** Rows of one shape: the same kind, the same changed columns, the same columns given as hashes. */
export interface Chunk extends RowSet {
  readonly rows: readonly ChunkRow[];
}

interface ChunkRow {
  /** Key as production has it before the change. */
  readonly key: readonly Datum[];
  /** Aligned with `columns`; hashes where they say so; empty for sides that the kind does not have. */
  readonly before: readonly Datum[];
  readonly after: readonly Datum[];
}

interface Group {
  chunk: RowSet & { rows: ChunkRow[] };
  bytes: number;
}

/**
 * Chunks of a table's changes: by shape as they fill, rows within a chunk in the order given. Large values become hashes; new ones only
 * where `hashAfter`, since a statement that writes needs them whole. `inOrder` keeps the order across chunks too, which are then smaller
 * where shapes alternate.
 */
export async function* chunksOf(
  table: ScriptTable,
  changes: AsyncIterable<Change>,
  { hashAfter, inOrder = false }: { readonly hashAfter: boolean; readonly inOrder?: boolean },
): AsyncGenerator<Chunk> {
  const open = new Map<string, Group>();
  let waiting = 0;
  for await (const change of changes) {
    const { signature, set, row, bytes } = shape(table, change, hashAfter);
    if (inOrder && !open.has(signature)) {
      for (const { chunk } of open.values()) yield chunk;
      open.clear();
      waiting = 0;
    }
    const group = open.get(signature) ?? { chunk: { ...set, rows: [] }, bytes: 0 };
    open.set(signature, group);
    group.chunk.rows.push(row);
    group.bytes += bytes;
    waiting += bytes;
    if (group.chunk.rows.length >= ROWS || group.bytes >= BYTES) {
      open.delete(signature);
      waiting -= group.bytes;
      yield group.chunk;
    } else if (waiting > WAITING) {
      for (const { chunk } of open.values()) yield chunk;
      open.clear();
      waiting = 0;
    }
  }
  for (const { chunk } of open.values()) yield chunk;
}

function shape(
  table: ScriptTable,
  change: Change,
  hashAfter: boolean,
): {
  readonly signature: string;
  readonly set: RowSet;
  readonly row: ChunkRow;
  readonly bytes: number;
} {
  const before = change.kind === "insert" ? [] : change.before;
  const after = change.kind === "delete" ? [] : change.after;
  const positions = change.kind === "update" ? change.columns : table.columns.keys();
  const columns = [...positions].flatMap((position, index) => {
    const column = table.columns[position];
    const large = isLarge(before[index] ?? null) || (hashAfter && isLarge(after[index] ?? null));
    return column
      ? [{ column, position, masked: false, hashed: { before: large, after: large && hashAfter } }]
      : [];
  });
  const hashed = (side: "before" | "after") => (value: Datum, index: number) =>
    value !== null && columns[index]?.hashed[side] ? hashOf(value) : value;
  const row = {
    key: change.key,
    before: before.map(hashed("before")),
    after: after.map(hashed("after")),
  };
  const bytes = sizeOf(row.key) + sizeOf(row.before) + sizeOf(row.after);
  const signature = `${change.kind} ${columns.map(({ position, hashed: { before: large } }) => `${position}${large ? "#" : ""}`).join()}`;
  return { signature, set: { table, kind: change.kind, columns }, row, bytes };
}

function sizeOf(values: readonly Datum[]): number {
  let bytes = 0;
  for (const value of values) bytes += 6 + (value === null ? 0 : sizeOfValue(value));
  return bytes;
}

/** `(VALUES ...) AS want (k1, b1, a1)` with the named sides of the values. */
export function valuesList(
  chunk: Chunk,
  sides: { readonly before: boolean; readonly after: boolean },
): Sql {
  const { table, kind, columns } = chunk;
  const withBefore = sides.before && kind !== "insert";
  const withAfter = sides.after && kind !== "delete";
  const types = [
    ...table.key.map(({ cast }) => cast),
    ...(withBefore ? columns.map((column) => wantedType(column, "before")) : []),
    ...(withAfter ? columns.map((column) => wantedType(column, "after")) : []),
  ];
  const rows = chunk.rows.map(({ key, before, after }, index) =>
    // The casts of the first row give the whole list its types.
    valueRow(
      [...key, ...(withBefore ? before : []), ...(withAfter ? after : [])],
      index === 0 ? types : undefined,
    ),
  );
  const names = [
    ...table.key.map((_, n) => sql`k${n + 1}`),
    ...(withBefore ? columns.map((_, n) => sql`b${n + 1}`) : []),
    ...(withAfter ? columns.map((_, n) => sql`a${n + 1}`) : []),
  ];
  return sql`(VALUES ${join(rows, ",\n      ")}) AS want (${join(names, ", ")})`;
}
