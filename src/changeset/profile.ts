/**
 * What a writer of SQL must know of many changes beforehand: how many bytes, which columns, which values are large. Taken once, while
 * the changes pass.
 */
import { type Change, type Datum, isLong } from "../compare/change.ts";

/** Values longer than this, in bytes of UTF-8, are compared by hash: scripts stay readable and statements bounded. */
export const LARGE_BYTES = 8192;

/** Changes of one kind and table. */
export interface ChangeProfile {
  /** About the bytes of all values, both sides. */
  readonly bytes: number;
  /** False where a value is bytes that are not UTF-8. */
  readonly text: boolean;
  /** By position in the table's columns. */
  readonly columns: readonly ColumnProfile[];
}

export interface ColumnProfile {
  /** Changes that hold a value of the column. */
  readonly rows: number;
  /** Whether a value of that side is large. */
  readonly large: { readonly before: boolean; readonly after: boolean };
}

export interface Profiler {
  note(change: Change): void;
  result(): ChangeProfile;
}

/** Takes changes of one kind of a table with so many columns. */
export function profiler(width: number): Profiler {
  const rows = new Array<number>(width).fill(0);
  const before = new Array<boolean>(width).fill(false);
  const after = new Array<boolean>(width).fill(false);
  let bytes = 0;
  let text = true;
  const take = (
    values: readonly Datum[],
    index: number,
    position: number,
    large: boolean[],
  ): void => {
    const value = values[index] ?? null;
    if (value === null) return;
    bytes += sizeOf(value);
    if (!isText(value)) text = false;
    if (!large[position] && isLarge(value)) large[position] = true;
  };
  return {
    note(change) {
      const count = change.kind === "update" ? change.columns.length : width;
      if (!change.key.every(isText)) text = false;
      for (let index = 0; index < count; index += 1) {
        const position = change.kind === "update" ? (change.columns[index] ?? 0) : index;
        rows[position] = (rows[position] ?? 0) + 1;
        if (change.kind !== "insert") take(change.before, index, position, before);
        if (change.kind !== "delete") take(change.after, index, position, after);
      }
    },
    result: () => ({
      bytes,
      text,
      columns: rows.map((count, position) => ({
        rows: count,
        large: { before: before[position] ?? false, after: after[position] ?? false },
      })),
    }),
  };
}

/** The profile of the same changes backwards. */
export function invertProfile(profile: ChangeProfile): ChangeProfile {
  const columns = profile.columns.map(({ rows, large }) => ({
    rows,
    large: { before: large.after, after: large.before },
  }));
  return { ...profile, columns };
}

function isText(value: Datum): boolean {
  return value === null || typeof value === "string" || isLong(value);
}

/** About the bytes of a value. */
export function sizeOf(value: Exclude<Datum, null>): number {
  if (isLong(value)) return value.long.characters;
  return typeof value === "string" ? value.length : value.base64.length;
}

/** Whether a value is compared by hash. */
export function isLarge(value: Datum): boolean {
  if (value === null) return false;
  if (isLong(value)) return true;
  const text = typeof value === "string" ? value : value.base64;
  return (
    text.length > LARGE_BYTES ||
    (text.length > LARGE_BYTES / 3 && Buffer.byteLength(text) > LARGE_BYTES)
  );
}
