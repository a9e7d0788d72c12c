/**
 * One row's change: what the comparison yields and everything downstream is made of. Data only.
 */

/** One value as PostgreSQL prints it under the pinned settings; `null` is SQL NULL; bytes that are not UTF-8 are base64. */
export type Datum = string | null | { readonly base64: string } | LongText;

/** A text of more than `LONG_BYTES`: it lies outside memory, where `Changeset.longTexts` reads it. Never a key. */
export interface LongText {
  readonly long: {
    /** Where it lies. */
    readonly position: number;
    /** In UTF-8. */
    readonly bytes: number;
    /** UTF-16 units, as the length of a string. */
    readonly characters: number;
    /** Of its UTF-8, in hexadecimal: texts with the same digest are the same text. */
    readonly sha256: string;
  };
}

/** Texts up to so many bytes of UTF-8 are strings. More than any value of an index takes, however well it is compressed. */
export const LONG_BYTES = 262_144;

export function isLong(value: Datum | undefined): value is LongText {
  return typeof value === "object" && value !== null && "long" in value;
}

/**
 * One row's change. Arrays follow the table's description (changeset/types.ts): `key` its key columns, full rows its `columns`.
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
