/**
 * The changeset: what must happen to production for it to be as local. Data only; SQL, report and exit code are functions of it.
 */
import type { QualifiedName, TableName } from "../names.ts";
import type { Provenance } from "../sources/source.ts";

/** One value as PostgreSQL prints it under the pinned settings; `null` is SQL NULL; bytes that are not UTF-8 are base64. */
export type Datum = string | null | { readonly base64: string };

/**
 * One row's change. Arrays follow `ChangedTable`: `key` its key columns, full rows its `columns`.
 *
 * An update names its changed columns by position in `columns`, ascending; `before` and `after` hold only these.
 * `context` holds unchanged values that constraints need (unique indexes, foreign keys), by position.
 */
export type Change =
  | { readonly kind: "insert"; readonly key: readonly Datum[]; readonly after: readonly Datum[] }
  | {
      readonly kind: "update";
      /** As production has it. */
      readonly key: readonly Datum[];
      readonly columns: readonly number[];
      readonly before: readonly Datum[];
      readonly after: readonly Datum[];
      readonly context: ReadonlyMap<number, Datum>;
    }
  | { readonly kind: "delete"; readonly key: readonly Datum[]; readonly before: readonly Datum[] };

export type ChangeKind = Change["kind"];

export type Counts = Readonly<Record<ChangeKind, number>>;

/** A table with changes. */
export interface ChangedTable {
  readonly table: TableName;
  /** The compared columns that can be written, in production's order: no generated, ignored or one-sided ones. */
  readonly columns: readonly string[];
  /** The columns that identify a row, a subset of `columns`. */
  readonly key: readonly string[];
  readonly counts: Counts;
  /** Changes that policy left out: listed beside, never executed. */
  readonly withheld: Counts;
  /** Rows read on each side. */
  readonly rows: { readonly production: number; readonly local: number };
}

/** A sequence that must be at least at `value` once the inserts are in. */
export interface SequenceTarget {
  readonly sequence: QualifiedName;
  /** Decimal number: the largest inserted value of the column that the sequence feeds. */
  readonly value: string;
  readonly table: TableName;
  readonly column: string;
}

export interface Changeset {
  /** By name; only tables with at least one change or withheld change. */
  readonly tables: readonly ChangedTable[];
  readonly sequences: readonly SequenceTarget[];
  readonly production: Provenance;
  readonly local: Provenance;
  /** The changes of one table in key order, of one kind or all. May be read any number of times. */
  changes(table: TableName, kind?: ChangeKind): AsyncIterable<Change>;
  /** What policy left out of one table, in key order. */
  withheld(table: TableName): AsyncIterable<Change>;
}

export const NO_CHANGES: Counts = { insert: 0, update: 0, delete: 0 };

export function totalOf(counts: Counts): number {
  return counts.insert + counts.update + counts.delete;
}

/** The value of column `position` before the change, `undefined` where an update does not tell. */
export function valueBefore(change: Change, position: number): Datum | undefined {
  switch (change.kind) {
    case "insert":
      return undefined;
    case "delete":
      return change.before[position];
    case "update": {
      const index = change.columns.indexOf(position);
      return index < 0 ? change.context.get(position) : change.before[index];
    }
  }
}

/** The value of column `position` after the change, `undefined` where an update does not tell. */
export function valueAfter(change: Change, position: number): Datum | undefined {
  switch (change.kind) {
    case "delete":
      return undefined;
    case "insert":
      return change.after[position];
    case "update": {
      const index = change.columns.indexOf(position);
      return index < 0 ? change.context.get(position) : change.after[index];
    }
  }
}
