/**
 * Asks PostgreSQL whether keys that differ in spelling are the same key: citext, nondeterministic collations and other types whose
 * equality only the server knows. A row deleted and inserted under one key would be lost.
 */

import { resolveType } from "../catalog/lookup.ts";
import type { TablePair } from "../catalog/pair.ts";
import type { Catalog, Column } from "../catalog/types.ts";
import type { Change, Datum } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { quoteIdentifier, quoteName } from "../names.ts";
import type { DatabaseSource, Source } from "../sources/source.ts";

type Key = readonly Datum[];

/** Keys asked about at a time. */
const BATCH = 1000;

/** Findings about keys that are the same in other spellings, or that nobody can decide. Empty for most tables. */
export async function decideKeys(
  pair: TablePair,
  changes: readonly Change[],
  context: { readonly production: Source; readonly local: Source; readonly catalog: Catalog },
): Promise<readonly Finding[]> {
  const { name: table, key = [] } = pair;
  const inserts = changes.filter(({ kind }) => kind === "insert").map((change) => change.key);
  const deletes = changes.filter(({ kind }) => kind === "delete").map((change) => change.key);
  if (inserts.length === 0 || deletes.length === 0) return [];
  const server = [context.production, context.local].find((source) => source.kind === "database");
  if (server?.kind !== "database") return [finding({ code: "key_undecided", table, key })];
  const rows = await sameKeys(server, pair, { inserts, deletes, catalog: context.catalog });
  return rows > 0 ? [finding({ code: "key_respelled", table, key, rows })] : [];
}

async function sameKeys(
  server: DatabaseSource,
  pair: TablePair,
  keys: {
    readonly inserts: readonly Key[];
    readonly deletes: readonly Key[];
    readonly catalog: Catalog;
  },
): Promise<number> {
  const columns = (pair.key ?? []).flatMap(
    (name) => pair.production.columns.find((column) => column.name === name) ?? [],
  );
  const same = columns.map(
    (column) =>
      `d.${quoteIdentifier(column.name)} ${equals(column, keys.catalog)} i.${quoteIdentifier(column.name)}`,
  );
  const query = `SELECT count(*) FROM ${typedRows(pair, columns, 1)} AS d JOIN ${typedRows(pair, columns, 1 + columns.length)} AS i ON ${same.join(" AND ")}`;
  let found = 0;
  for (let d = 0; d < keys.deletes.length; d += BATCH) {
    for (let i = 0; i < keys.inserts.length; i += BATCH) {
      const sides = [keys.deletes.slice(d, d + BATCH), keys.inserts.slice(i, i + BATCH)];
      const parameters = sides.flatMap((side) =>
        columns.map((_, n) => textArray(side.map((key) => key[n] ?? null))),
      );
      const [[count] = []] = await server.query(query, parameters);
      found += Number(count ?? 0);
    }
  }
  return found;
}

/** Rows of typed keys. The empty read of the table gives them the columns' collations, and thereby the `=` of their index. */
function typedRows(pair: TablePair, columns: readonly Column[], parameter: number): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const casts = columns.map(({ type }, n) => `u.k${n}::${type.formatted}`).join(", ");
  const arrays = columns.map((_, n) => `$${parameter + n}::text[]`).join(", ");
  const aliases = columns.map((_, n) => `k${n}`).join(", ");
  return `(SELECT ${names} FROM ${quoteName(pair.name)} WHERE false UNION ALL SELECT ${casts} FROM unnest(${arrays}) AS u (${aliases}))`;
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
