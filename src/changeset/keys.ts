/**
 * Asks PostgreSQL whether keys that differ in spelling are the same key: citext, nondeterministic collations and other types whose
 * equality only the server knows. A row deleted and inserted under one key would be lost.
 */

import { resolveType } from "../catalog/lookup.ts";
import type { TablePair } from "../catalog/pair.ts";
import type { Catalog, Column } from "../catalog/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { sameDatum } from "../compare/decode.ts";
import { type Finding, finding } from "../findings.ts";
import { quoteIdentifier, quoteName } from "../names.ts";
import type { DatabaseSource, Source } from "../sources/source.ts";

type Key = readonly Datum[];

/** Keys of one side asked about at a time, and about their bytes: every batch of one side is held against every one of the other. */
const BATCH = 250_000;
const BYTES = 16 * 1024 * 1024;

/** Changes whose keys only PostgreSQL can compare, and what became of them. */
export interface DecidedKeys {
  /** A delete and an insert under one key are an update. */
  readonly changes: readonly Change[];
  readonly findings: readonly Finding[];
}

/**
 * Joins deletes and inserts whose keys are the same in other spellings to updates of that row; all else stays as it is. Without a live
 * side nobody can tell, and a blocking finding says so.
 */
export async function decideKeys(
  pair: TablePair,
  changes: readonly Change[],
  context: {
    readonly production: Source;
    readonly local: Source;
    readonly catalog: Catalog;
    /** Positions of columns whose unchanged values an update tells. */
    readonly positions: readonly number[];
  },
): Promise<DecidedKeys> {
  const inserts = changes.flatMap((change) => (change.kind === "insert" ? [change] : []));
  const deletes = changes.flatMap((change) => (change.kind === "delete" ? [change] : []));
  if (inserts.length === 0 || deletes.length === 0) return { changes, findings: [] };
  const server = [context.production, context.local].find((source) => source.kind === "database");
  if (server?.kind !== "database") {
    const { name: table, key = [] } = pair;
    return { changes, findings: [finding({ code: "key_undecided", table, key })] };
  }
  const same = await sameKeys(server, pair, {
    deletes: deletes.map(({ key }) => key),
    inserts: inserts.map(({ key }) => key),
    catalog: context.catalog,
  });
  const joined = new Set<Change>();
  const updates = same.flatMap(([d, i]) => {
    const [before, after] = [deletes[d], inserts[i]];
    if (!before || !after) return [];
    joined.add(before).add(after);
    return [respelled(before, after, context.positions)];
  });
  return {
    changes: [...changes.filter((change) => !joined.has(change)), ...updates],
    findings: [],
  };
}

/** One row under two spellings of its key. */
function respelled(
  { key, before }: Extract<Change, { kind: "delete" }>,
  { after }: Extract<Change, { kind: "insert" }>,
  positions: readonly number[],
): Change {
  const columns = before.flatMap((value, position) =>
    sameDatum(value, after[position] ?? null) ? [] : [position],
  );
  const context = positions.filter((position) => !columns.includes(position));
  return {
    kind: "update",
    key,
    columns,
    before: columns.map((position) => before[position] ?? null),
    after: columns.map((position) => after[position] ?? null),
    context: new Map(context.map((position) => [position, before[position] ?? null])),
  };
}

/** Positions of deletes and inserts with the same key. */
async function sameKeys(
  server: DatabaseSource,
  pair: TablePair,
  keys: {
    readonly inserts: readonly Key[];
    readonly deletes: readonly Key[];
    readonly catalog: Catalog;
  },
): Promise<readonly (readonly [number, number])[]> {
  const columns = (pair.key ?? []).flatMap(
    (name) => pair.production.columns.find((column) => column.name === name) ?? [],
  );
  const same = columns.map(
    ({ name, ...column }) =>
      `d.${quoteIdentifier(name)} ${equals({ name, ...column }, keys.catalog)} i.${quoteIdentifier(name)}`,
  );
  const query = `SELECT d.ordinality, i.ordinality FROM ${typedRows(pair, columns, 1)} AS d JOIN ${typedRows(pair, columns, 1 + columns.length)} AS i ON ${same.join(" AND ")}`;
  const found: (readonly [number, number])[] = [];
  for (const d of batches(keys.deletes)) {
    for (const i of batches(keys.inserts)) {
      const sides = [keys.deletes.slice(d.start, d.end), keys.inserts.slice(i.start, i.end)];
      const parameters = sides.flatMap((side) =>
        columns.map((_, n) => textArray(side.map((key) => key[n] ?? null))),
      );
      for (const [left, right] of await server.query(query, parameters))
        found.push([d.start + Number(left) - 1, i.start + Number(right) - 1]);
    }
  }
  return found;
}

/** Ranges of keys that are asked about together. */
function* batches(
  keys: readonly Key[],
): Generator<{ readonly start: number; readonly end: number }> {
  let start = 0;
  let bytes = 0;
  for (const [n, key] of keys.entries()) {
    if (n > start && (n - start >= BATCH || bytes > BYTES)) {
      yield { start, end: n };
      start = n;
      bytes = 0;
    }
    for (const value of key) bytes += typeof value === "string" ? value.length : 0;
  }
  if (start < keys.length) yield { start, end: keys.length };
}

/** Rows of typed keys. The empty read of the table gives them the columns' collations, and thereby the `=` of their index. */
function typedRows(pair: TablePair, columns: readonly Column[], parameter: number): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const casts = columns.map(({ type }, n) => `u.k${n}::${type.formatted}`).join(", ");
  const arrays = columns.map((_, n) => `$${parameter + n}::text[]`).join(", ");
  const aliases = columns.map((_, n) => `k${n}`).join(", ");
  return `(SELECT ${names}, 0::bigint AS ordinality FROM ${quoteName(pair.name)} WHERE false UNION ALL SELECT ${casts}, u.ordinality FROM unnest(${arrays}) WITH ORDINALITY AS u (${aliases}, ordinality))`;
}

/** `=` of the column's type; types of extensions have theirs in their own schema. */
function equals({ type }: Column, catalog: Catalog): string {
  const base = resolveType(catalog, type);
  const own = base.kind === "base" && base.type.schema !== "pg_catalog" && !base.type.array;
  return own ? `OPERATOR(${quoteIdentifier(base.type.schema)}.=)` : "=";
}

/** A PostgreSQL array of texts. */
function textArray(values: readonly Datum[]): string {
  const quoted = values.map((value) =>
    typeof value === "string" ? `"${value.replace(/["\\]/g, "\\$&")}"` : "NULL",
  );
  return `{${quoted.join(",")}}`;
}
