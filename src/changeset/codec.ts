/**
 * One change as one line of changes.jsonl, and back. The format is a contract: see README, "changes.jsonl".
 */

import { type Change, type Datum, isLong } from "../compare/change.ts";
import type { TableName } from "../names.ts";
import { type LongWriter, longMark } from "./long-texts.ts";
import type { ChangedTable } from "./types.ts";

/** What the codec must know of a table. */
export type CodecTable = Pick<ChangedTable, "table" | "columns" | "key">;

/** The line without its line end. Property order is fixed, so equal changes give equal bytes. A mark stands for a long text. */
export function encodeChange(table: CodecTable, change: Change): string {
  return changeEncoder(table)(change);
}

/** `encodeChange` for many changes of one table. */
export function changeEncoder(table: CodecTable): (change: Change) => string {
  const { schema, name } = table.table;
  const start = `{"table":[${JSON.stringify(schema)},${JSON.stringify(name)}],"kind":`;
  const keyNames = table.key.map((column) => JSON.stringify(column));
  const names = table.columns.map((column) => JSON.stringify(column));
  return (change) => {
    const line = `${start}"${change.kind}","key":${encodeValues(keyNames, change.key)}${sides(names, change)}}`;
    return withoutSeparators(line);
  };
}

/** Readers may take the Unicode line separators for line ends; inside JSON strings their escapes mean the same. */
function withoutSeparators(json: string): string {
  return json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** How a long text stands in a line, between the quotes. */
export const writeLong: LongWriter = function* (read) {
  for (const piece of read()) yield withoutSeparators(JSON.stringify(piece).slice(1, -1));
};

function sides(names: readonly string[], change: Change): string {
  if (change.kind === "insert") return `,"after":${encodeValues(names, change.after)}`;
  if (change.kind === "delete") return `,"before":${encodeValues(names, change.before)}`;
  const changed = change.columns.map((position) => names[position] ?? '""');
  const values = `,"before":${encodeValues(changed, change.before)},"after":${encodeValues(changed, change.after)}`;
  if (change.context.size === 0) return values;
  const context = [...change.context.keys()].map((position) => names[position] ?? '""');
  return `${values},"context":${encodeValues(context, [...change.context.values()])}`;
}

/** Values under names that are JSON already. Written by hand: a column may be called `__proto__`. */
function encodeValues(names: readonly string[], values: readonly Datum[]): string {
  let text = "{";
  for (let index = 0; index < names.length; index += 1) {
    const comma = index > 0 ? "," : "";
    text += `${comma}${names[index]}:${encodeValue(values[index] ?? null)}`;
  }
  return `${text}}`;
}

function encodeValue(value: Datum): string {
  return isLong(value) ? `"${longMark(value, "json")}"` : JSON.stringify(value);
}

/** The table that a line belongs to. */
export function decodeTable(line: unknown): TableName | undefined {
  if (!isRecord(line) || !Array.isArray(line["table"])) return undefined;
  const [schema, name] = line["table"];
  return typeof schema === "string" && typeof name === "string" ? { schema, name } : undefined;
}

/** A parsed line as a change of `table`; `undefined` if it is not one. */
export function decodeChange(table: CodecTable, line: unknown): Change | undefined {
  if (!isRecord(line)) return undefined;
  const key = decodeValues(table.key, line["key"]);
  if (!key) return undefined;
  switch (line["kind"]) {
    case "insert": {
      const after = decodeValues(table.columns, line["after"]);
      return after && { kind: "insert", key, after };
    }
    case "delete": {
      const before = decodeValues(table.columns, line["before"]);
      return before && { kind: "delete", key, before };
    }
    case "update":
      return decodeUpdate(table, line, key);
    default:
      return undefined;
  }
}

function decodeUpdate(
  table: CodecTable,
  line: Record<string, unknown>,
  key: readonly Datum[],
): Change | undefined {
  const changed = isRecord(line["before"]) ? Object.keys(line["before"]) : [];
  const set = isRecord(line["after"]) ? Object.keys(line["after"]) : [];
  const columns = table.columns.flatMap((name, position) =>
    changed.includes(name) ? [position] : [],
  );
  const same = columns.length === changed.length && columns.length === set.length;
  if (!same || columns.length === 0) return undefined;
  const names = columns.map((position) => table.columns[position] ?? "");
  const before = decodeValues(names, line["before"]);
  const after = decodeValues(names, line["after"]);
  if (!before || !after) return undefined;
  const context = new Map<number, Datum>();
  const known = isRecord(line["context"]) ? line["context"] : {};
  for (const [position, name] of table.columns.entries()) {
    const value = Object.hasOwn(known, name) ? known[name] : undefined;
    if (isDatum(value)) context.set(position, value);
  }
  return { kind: "update", key, columns, before, after, context };
}

function decodeValues(names: readonly string[], values: unknown): Datum[] | undefined {
  if (!isRecord(values)) return undefined;
  const decoded: Datum[] = [];
  for (const name of names) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!isDatum(value)) return undefined;
    decoded.push(value);
  }
  return decoded;
}

function isDatum(value: unknown): value is Datum {
  return (
    value === null ||
    typeof value === "string" ||
    (isRecord(value) && typeof value["base64"] === "string")
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
