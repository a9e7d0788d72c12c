/**
 * Groups changes into VALUES lists of bounded size. Rows in one list have the same shape, so that one condition fits all.
 */
import type { Change, Datum } from "../compare/change.ts";
import { hashOf, isLarge } from "./column.ts";

/** PostgreSQL fails on DO blocks of several megabytes; lists this long also keep the script readable. */
const ROWS = 500;
const BYTES = 512 * 1024;
/** What may wait in all groups together. */
const WAITING = 8 * 1024 * 1024;

/** Rows of one shape: the same kind, the same changed columns, the same columns compared by hash. */
export interface Chunk {
  readonly kind: Change["kind"];
  /** Positions of the compared columns: all of an insert or delete, the changed ones of an update. */
  readonly columns: readonly number[];
  /** Whether each of `columns` is given as a hash. */
  readonly hashed: readonly boolean[];
  readonly rows: readonly ChunkRow[];
}

export interface ChunkRow {
  /** Key as production has it before the change. */
  readonly key: readonly Datum[];
  /** Aligned with `columns`; hashes where `hashed` says so; empty for sides that the kind does not have. */
  readonly before: readonly Datum[];
  readonly after: readonly Datum[];
}

interface Open {
  chunk: Omit<Chunk, "rows"> & { rows: ChunkRow[] };
  bytes: number;
}

/** Chunks of a table's changes. Order: by shape as they fill, rows within a chunk in the order given. */
export async function* chunksOf(
  changes: AsyncIterable<Change>,
  width: number,
): AsyncGenerator<Chunk> {
  const open = new Map<string, Open>();
  let waiting = 0;
  for await (const change of changes) {
    const { signature, chunk, row, bytes } = shape(change, width);
    const group = open.get(signature) ?? { chunk: { ...chunk, rows: [] }, bytes: 0 };
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
  change: Change,
  width: number,
): { signature: string; chunk: Omit<Chunk, "rows">; row: ChunkRow; bytes: number } {
  const columns =
    change.kind === "update"
      ? change.columns
      : Array.from({ length: width }, (_, position) => position);
  const before = change.kind === "insert" ? [] : change.before;
  const after = change.kind === "delete" ? [] : change.after;
  const hashed = columns.map(
    (_, index) => isLarge(before[index] ?? null) || isLarge(after[index] ?? null),
  );
  const row = {
    key: change.key,
    before: before.map(hashWhere(hashed)),
    after: after.map(hashWhere(hashed)),
  };
  const bytes = sizeOf(row.key) + sizeOf(row.before) + sizeOf(row.after);
  const signature = `${change.kind} ${columns.join(",")} ${hashed.map(Number).join("")}`;
  return { signature, chunk: { kind: change.kind, columns, hashed }, row, bytes };
}

function hashWhere(hashed: readonly boolean[]): (value: Datum, index: number) => Datum {
  return (value, index) => (hashed[index] && value !== null ? hashOf(value) : value);
}

function sizeOf(values: readonly Datum[]): number {
  let bytes = 0;
  for (const value of values)
    bytes +=
      6 + (value === null ? 0 : typeof value === "string" ? value.length : value.base64.length);
  return bytes;
}
