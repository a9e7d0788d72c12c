/**
 * The changeset: what must happen to production for it to be as local. Data only; SQL, report and exit code are functions of it.
 */
import type { Change, ChangeKind, Counts } from "../compare/change.ts";
import type { QualifiedName, TableName } from "../names.ts";
import type { Provenance } from "../sources/source.ts";
import type { LongTexts } from "./long-texts.ts";
import type { ChangeProfile } from "./profile.ts";

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
  /** What a writer of SQL must know beforehand, of the changes that are executed. */
  readonly profiles: Readonly<Record<ChangeKind, ChangeProfile>>;
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
  /** Reads the texts of changes that are too long to be strings. Without it there are none. */
  readonly longTexts?: LongTexts;
  /** What policy left out of one table, in key order. */
  withheld(table: TableName): AsyncIterable<Change>;
}

export const NO_CHANGES: Counts = { insert: 0, update: 0, delete: 0 };

export function totalOf(counts: Counts): number {
  return counts.insert + counts.update + counts.delete;
}
