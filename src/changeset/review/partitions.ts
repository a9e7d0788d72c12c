/**
 * Rows that no partition of production takes.
 */
import { leafTables, partitionTree, tableByName } from "../../catalog/lookup.ts";
import type { Catalog, Column } from "../../catalog/types.ts";
import { type Change, type Datum, valueAfter } from "../../compare/change.ts";
import { type Finding, finding } from "../../findings.ts";
import { formatIdentifier, nameKey, quoteIdentifier, quoteName } from "../../names.ts";
import type { DatabaseSource } from "../../sources/source.ts";
import {
  ask,
  changedColumns,
  type Subject,
  type Touched,
  touchedTables,
  writes,
} from "./subject.ts";

/** Asks a live production; of dumps only the names of partitions are known. */
export async function partitionFindings(subject: Subject): Promise<readonly Finding[]> {
  const { production } = subject.sources;
  const findings: Finding[] = [];
  for (const touched of touchedTables(subject)) {
    const { counts } = touched.changed;
    if (touched.production.kind !== "partitioned" || counts.insert + counts.update === 0) continue;
    findings.push(
      ...(production.kind === "database"
        ? await missingPartitions(subject, touched, production)
        : localPartitions(subject.catalogs, touched)),
    );
  }
  return findings;
}

function localPartitions(
  catalogs: Subject["catalogs"],
  { changed: { table } }: Touched,
): readonly Finding[] {
  const ours = new Set(partitionTree(catalogs.production, table).map(nameKey));
  const byName = tableByName(catalogs.local);
  const partitions = leafTables(catalogs.local, table).filter(
    (name) => !ours.has(nameKey(name)) && byName.get(nameKey(name))?.partitionOf,
  );
  return partitions.length > 0
    ? [finding({ code: "partition_only_local", table, partitions })]
    : [];
}

/** Rows asked about at a time. */
const BATCH = 1000;

async function missingPartitions(
  { changeset, catalogs }: Subject,
  touched: Touched,
  production: DatabaseSource,
): Promise<readonly Finding[]> {
  const { table } = touched.changed;
  const bounds = await ask(
    production,
    `SELECT pg_catalog.pg_get_partition_constraintdef(t.relid)
     FROM pg_catalog.pg_partition_tree($1::pg_catalog.regclass) t WHERE t.isleaf AND t.level > 0`,
    [quoteName(table)],
  );
  // Without a constraint, the only partition is the default one.
  const conditions = bounds.map(([condition]) => condition ?? "true");
  const columns = boundColumns(catalogs.production, touched, conditions);
  const query = outside(columns, conditions);
  let rows = 0;
  let first: string | undefined;
  let batch: (readonly (Datum | undefined)[])[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const lists = columns.map((_, index) => arrayText(batch.map((row) => row[index] ?? null)));
    const [answer] = await ask(production, query, lists);
    rows += Number(answer?.[0] ?? 0);
    first ??= answer?.[1] ?? undefined;
    batch = [];
  };
  for await (const change of changeset.changes(table)) {
    if (!moves(change, columns)) continue;
    const row = columns.map(({ position }) => valueAfter(change, position));
    if (row.some((value) => value === undefined || isBytes(value))) continue;
    batch.push(row);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return rows > 0 ? [finding({ code: "partition_missing", table, rows, row: first ?? "" })] : [];
}

interface BoundColumn {
  readonly column: Column;
  readonly position: number;
}

/** The columns that the conditions speak of: a superset does no harm but to memory. */
function boundColumns(
  catalog: Catalog,
  touched: Touched,
  conditions: readonly string[],
): readonly BoundColumn[] {
  const keys = partitionTree(catalog, touched.changed.table).map(
    (name) => tableByName(catalog).get(nameKey(name))?.partitionKey ?? "",
  );
  const text = [...conditions, ...keys].join(" ");
  return changedColumns(touched).flatMap((column, position) =>
    column && text.includes(column.name.replaceAll('"', '""')) ? [{ column, position }] : [],
  );
}

function moves(change: Change, columns: readonly BoundColumn[]): boolean {
  return columns.some(({ position }) => writes(change, position));
}

function isBytes(value: Datum | undefined): boolean {
  return typeof value === "object" && value !== null;
}

/** Counts the rows of parallel arrays of text for which no condition holds, and prints the first. */
function outside(columns: readonly BoundColumn[], conditions: readonly string[]): string {
  const typed = columns.map(
    ({ column }, n) => `v.c${n}::${column.type.formatted} AS ${quoteIdentifier(column.name)}`,
  );
  const arrays = columns.map((_, n) => `$${n + 1}::pg_catalog.text[]`);
  const names = columns.map((_, n) => `c${n}`);
  const shown = columns.map(
    ({ column }, n) => `'${`${formatIdentifier(column.name)}=`.replaceAll("'", "''")}' || t.c${n}`,
  );
  const inside = conditions.map((condition) => `(${condition})`).join(" OR ") || "false";
  return `SELECT pg_catalog.count(*), pg_catalog.min(pg_catalog.concat_ws(', ', ${shown.join(", ")}))
    FROM (SELECT ${[...typed, ...names.map((name) => `v.${name}`)].join(", ")}
          FROM ROWS FROM (${arrays.map((array) => `pg_catalog.unnest(${array})`).join(", ")}) AS v (${names.join(", ")})) AS t
    WHERE NOT coalesce(${inside}, false)`;
}

/** A PostgreSQL array of texts. */
function arrayText(values: readonly Datum[]): string {
  const items = values.map((value) =>
    typeof value === "string" ? `"${value.replace(/["\\]/g, "\\$&")}"` : "NULL",
  );
  return `{${items.join(",")}}`;
}
