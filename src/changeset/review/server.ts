/**
 * What live sides tell of themselves: libraries that watch, collations that have moved, transactions that stay, room for locks.
 */
import { partitionTree, tableByName } from "../../catalog/lookup.ts";
import type { Catalog, Table } from "../../catalog/types.ts";
import { type Finding, finding } from "../../findings.ts";
import { nameKey, type TableName } from "../../names.ts";
import type { Source } from "../../sources/source.ts";
import { ask, type Subject, touchedTables } from "./subject.ts";

/** Findings about the servers, and about the number of relations that the script locks. */
export async function serverFindings(subject: Subject): Promise<readonly Finding[]> {
  if (touchedTables(subject).length === 0) return [];
  const { production, local } = subject.sources;
  return [
    ...(await hookFindings(subject)),
    ...(await collationFindings("production", production)),
    ...(await collationFindings("local", local)),
    ...(await preparedFindings(production)),
    ...(await lockFindings(subject)),
  ];
}

/** Large objects of a side. */
export async function largeObjectsOf(source: Source): Promise<number> {
  if (source.kind === "dump") return source.largeObjects;
  const [row] = await ask(
    source,
    "SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata",
  );
  return Number(row?.[0] ?? 0);
}

const HOOKS = /^(anon|pgaudit|pgaudit\w*|pg_audit\w*|set_user|pgmemento|pg_track_settings)$/;

async function hookFindings({
  sources: { production },
  catalogs,
}: Subject): Promise<readonly Finding[]> {
  const loaded = await ask(
    production,
    `SELECT setting FROM pg_catalog.pg_settings
     WHERE name IN ('shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries')`,
  );
  const named = loaded.flatMap(([list]) => (list ?? "").split(",").map((item) => item.trim()));
  const installed = catalogs.production.extensions.map(({ name }) => name);
  const libraries = [...new Set([...named, ...installed])]
    .filter((name) => HOOKS.test(name))
    .sort();
  return libraries.length > 0 ? [finding({ code: "hooks", libraries })] : [];
}

/**
 * Of the collations that columns and indexes use: each version that is looked up opens a collation of ICU, and there are hundreds.
 * Columns of collations that appeared in 15 are read through JSON, so that one query fits all versions.
 */
const MOVED = `WITH used AS MATERIALIZED (SELECT c.oid, c.collname, c.collversion FROM pg_catalog.pg_collation c
    WHERE c.collversion IS NOT NULL AND c.oid IN (SELECT a.attcollation FROM pg_catalog.pg_attribute a))
  SELECT c.collname FROM used c WHERE c.collversion <> pg_catalog.pg_collation_actual_version(c.oid)
  UNION
  SELECT 'default of the database' FROM pg_catalog.pg_database d
    WHERE d.datname = pg_catalog.current_database()
      AND pg_catalog.to_jsonb(d) ->> 'datcollversion' <> (SELECT pg_catalog.pg_collation_actual_version(c.oid) FROM pg_catalog.pg_collation c
        WHERE c.collname = d.datcollate AND c.collprovider = (pg_catalog.to_jsonb(d) ->> 'datlocprovider')::"char" LIMIT 1)
  ORDER BY 1`;

async function collationFindings(
  side: "production" | "local",
  source: Source,
): Promise<readonly Finding[]> {
  const collations = (await ask(source, MOVED)).map(([name]) => `${name}`);
  return collations.length > 0
    ? [finding({ code: "collation_version", in: side, collations })]
    : [];
}

async function preparedFindings(production: Source): Promise<readonly Finding[]> {
  const rows = await ask(
    production,
    "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY prepared",
  );
  const names = rows.map(([name]) => `${name}`);
  return names.length > 0 ? [finding({ code: "prepared_transactions", names })] : [];
}

/** What an untouched postgresql.conf gives: 64 locks for each of 100 connections. */
const DEFAULT_SLOTS = 6400;

async function lockFindings(subject: Subject): Promise<readonly Finding[]> {
  const [row] = await ask(
    subject.sources.production,
    `SELECT pg_catalog.current_setting('max_locks_per_transaction')::int
      * (pg_catalog.current_setting('max_connections')::int + pg_catalog.current_setting('max_prepared_transactions')::int)`,
  );
  const slots = Number(row?.[0] ?? DEFAULT_SLOTS);
  const names = touchedTables(subject).map(({ changed }) => changed.table);
  const relations = lockedRelations(subject.catalogs.production, names);
  return relations * 2 > slots ? [finding({ code: "many_locks", relations, slots })] : [];
}

/** Tables with their partitions and the indexes that the catalog knows of. Partitions have those of their root. */
export function lockedRelations(catalog: Catalog, tables: readonly TableName[]): number {
  const byName = tableByName(catalog);
  const indexes = (name: TableName) => {
    const table = byName.get(nameKey(name));
    return table ? indexesOf(table) : 0;
  };
  return tables
    .flatMap((root) =>
      partitionTree(catalog, root).map(
        (name, n) => 1 + indexes(root) + (n > 0 ? indexes(name) : 0),
      ),
    )
    .reduce((total, count) => total + count, 0);
}

function indexesOf({ constraints, uniqueIndexes }: Table): number {
  const keyed = ["primary", "unique", "exclusion"];
  return uniqueIndexes.length + constraints.filter(({ kind }) => keyed.includes(kind)).length;
}
