/**
 * From pairs of lines to changes: decodes lines that differ, brings values to canonical text, compares column by column.
 * Knows one table; reads nothing itself.
 */
import type { Catalog, Column } from "../catalog/types.ts";
import type { TableName } from "../names.ts";
import { canonicalizer } from "./canonical.ts";
import type { Change, Datum } from "./change.ts";
import {
  decodeField,
  decodeLine,
  decodeRow,
  type RowShape,
  sameDatum,
  wrongWidth,
} from "./decode.ts";
import { emptyLines, fieldStart, type Lines, matchFields } from "./fields.ts";
import { keyClassOf } from "./key.ts";
import type { KeyField } from "./line-key.ts";
import {
  decodeLongRow,
  type LongFields,
  longField,
  mayBeLong,
  type PutAside,
} from "./long-fields.ts";
import { sortKeyOf } from "./sort-key.ts";

/** What the comparison must know of a table. Lines of both sides hold `columns` in this order. */
export interface ComparedColumns {
  /** For messages. */
  readonly table?: TableName;
  readonly columns: readonly Column[];
  /** Positions of the key columns, in key order. */
  readonly key: readonly number[];
  /** Positions whose unchanged values an update must tell: see `Change`. */
  readonly context: readonly number[];
  /** Where long texts go, but for those of keys and `context`. Else they stay strings. */
  readonly putAside?: PutAside;
}

/** Turns lines that differ into changes. */
export interface RowComparison {
  /** Key columns for pairing, with the canonical form of their types. */
  readonly keyFields: readonly KeyField[];
  /** The change that a pair of lines stands for; undefined if they hold the same values in other spellings. */
  compare(before: Buffer | undefined, after: Buffer | undefined): Change | undefined;
  /** Bytes that order changes by key. */
  sortKey(change: Change): Buffer;
  /** The key of a line, for messages. */
  keyOf(line: Buffer): readonly Datum[];
}

/** The comparison of one table's rows. `catalog` is production's: its types decide. */
export function rowComparison(table: ComparedColumns, catalog: Catalog): RowComparison {
  const canonical = table.columns.map(({ type }) => canonicalizer(type, catalog));
  const keyColumns = table.key.flatMap((position) => table.columns[position] ?? []);
  const keyClasses = keyColumns.map((column) => keyClassOf(column, catalog));
  const order = sortKeyOf(keyColumns, catalog);
  const width = table.columns.length;
  const shape = { width, ...(table.table ? { table: table.table } : {}) };
  const production = { ...shape, side: "production" } as const;
  const local = { ...shape, side: "local" } as const;
  const lines = emptyLines(width);
  const canonicalRow = (row: readonly Datum[]): Datum[] =>
    row.map((value, index) => normal(value, canonical[index]));
  const keyValues = (row: readonly Datum[]) => table.key.map((position) => row[position] ?? null);
  const longFields = table.putAside && {
    putAside: table.putAside,
    canonical,
    kept: new Set([...table.key, ...table.context]),
  };
  const rowOf = (line: Buffer, side: RowShape): Datum[] =>
    longFields && mayBeLong(line)
      ? decodeLongRow(longFields, line, side)
      : canonicalRow(decodeRow(line, side));
  return {
    keyFields: table.key.map((index, n) => keyField(index, keyClasses[n])),
    compare(before, after) {
      if (before && after) {
        lines.before = before;
        lines.after = after;
        matchFields(lines);
        demandWidth(lines.beforeCount, production);
        demandWidth(lines.afterCount, local);
        const isLong = longFields && (mayBeLong(before) || mayBeLong(after));
        return update(table, lines, { canonical, long: isLong ? longFields : undefined });
      }
      if (before) {
        const row = rowOf(before, production);
        return { kind: "delete", key: keyValues(row), before: row };
      }
      if (!after) return undefined;
      const row = rowOf(after, local);
      return { kind: "insert", key: keyValues(row), after: row };
    },
    sortKey: (change) => order(change.key),
    keyOf: (line) => keyValues(decodeLine(line)),
  };
}

type Canonical = ((text: string) => string) | undefined;

function normal(value: Datum, canonical: Canonical): Datum {
  return canonical && typeof value === "string" ? canonical(value) : value;
}

function keyField(index: number, keyClass: ReturnType<typeof keyClassOf> | undefined): KeyField {
  if (keyClass?.kind === "canonical") return { index, canonical: keyClass.canonical };
  if (keyClass?.kind === "server" && keyClass.fold) {
    const { fold } = keyClass;
    return { index, canonical: (text) => fold(text) ?? text };
  }
  return { index };
}

interface Decoding {
  readonly canonical: readonly Canonical[];
  /** Where one of the lines may hold a long field. */
  readonly long: LongFields | undefined;
}

/** Compares bytes first: only fields that differ are decoded, and brought to canonical form. */
function update(
  table: ComparedColumns,
  lines: Lines,
  { canonical, long }: Decoding,
): Change | undefined {
  const { before, beforeEnds, after, afterEnds, same } = lines;
  const old = (position: number) => valueAt(before, beforeEnds, position);
  const columns: number[] = [];
  const changedBefore: Datum[] = [];
  const changedAfter: Datum[] = [];
  for (let position = 0; position < table.columns.length; position += 1) {
    if (same[position] === 1) continue;
    let [from, to]: [Datum, Datum] = [null, null];
    if (long) {
      from = longField(long, position, fieldAt(before, beforeEnds, position));
      to = longField(long, position, fieldAt(after, afterEnds, position));
    } else {
      const [raw, other] = [old(position), valueAt(after, afterEnds, position)];
      if (sameDatum(raw, other)) continue;
      [from, to] = [normal(raw, canonical[position]), normal(other, canonical[position])];
    }
    if (sameDatum(from, to)) continue;
    columns.push(position);
    changedBefore.push(from);
    changedAfter.push(to);
  }
  if (columns.length === 0) return undefined;
  const known = (position: number) => normal(old(position), canonical[position]);
  const key = table.key.map(known);
  return {
    kind: "update",
    key,
    columns,
    before: changedBefore,
    after: changedAfter,
    context: contextOf(table, columns, known),
  };
}

const NO_CONTEXT: ReadonlyMap<number, Datum> = new Map();

function contextOf(
  { context }: ComparedColumns,
  columns: readonly number[],
  known: (position: number) => Datum,
): ReadonlyMap<number, Datum> {
  if (context.length === 0) return NO_CONTEXT;
  const unchanged = context.filter((position) => !columns.includes(position));
  return new Map(unchanged.map((position) => [position, known(position)]));
}

function valueAt(line: Buffer, ends: Uint32Array, position: number): Datum {
  return decodeField(line, fieldStart(ends, position), ends[position] ?? 0);
}

function fieldAt(line: Buffer, ends: Uint32Array, position: number): Buffer {
  return line.subarray(fieldStart(ends, position), ends[position] ?? 0);
}

function demandWidth(found: number, shape: RowShape): void {
  if (found !== shape.width) throw wrongWidth(found, shape);
}
