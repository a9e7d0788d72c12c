/**
 * Where changes go beside production: publications, subscriptions, replication slots.
 */
import { partitionRoot, partitionTree, tableByName } from "../../catalog/lookup.ts";
import type { Catalog, Publication, Table } from "../../catalog/types.ts";
import { type Finding, finding } from "../../findings.ts";
import { nameKey, type TableName } from "../../names.ts";
import { ask, type Subject, type Touched, touchedTables } from "./subject.ts";

/** What replication means for the touched tables. Asks a live production. */
export async function replicationFindings(subject: Subject): Promise<readonly Finding[]> {
  const touched = touchedTables(subject);
  if (touched.length === 0) return [];
  const catalog = subject.catalogs.production;
  return [
    ...touched.flatMap((table) => publicationFindings(catalog, table)),
    ...(await subscriptionFindings(subject, touched)),
    ...(await slotFindings(subject)),
  ];
}

function publicationFindings(catalog: Catalog, touched: Touched): readonly Finding[] {
  const { changed, production } = touched;
  const publications = publicationsOf(catalog, changed.table);
  if (publications.length === 0) return [];
  const table = changed.table;
  const named = publications.map(({ name }) => name);
  const findings = [finding({ code: "published", table, publications: named })];
  if (identified(catalog, production)) return findings;
  const publishes = (event: "update" | "delete") =>
    publications.some((publication) => publication.publishes.includes(event));
  const { insert, update, delete: deleted } = changed.counts;
  const forth = (["update", "delete"] as const).filter(
    (event) => publishes(event) && (event === "update" ? update : deleted) > 0,
  );
  const back = (["update", "delete"] as const).filter(
    (event) => publishes(event) && (event === "update" ? update : insert) > 0,
  );
  if (forth.length > 0)
    findings.push(
      finding({ code: "no_replica_identity", table, publications: named, statements: forth }),
    );
  else if (back.length > 0)
    findings.push(
      finding({ code: "no_replica_identity_back", table, publications: named, statements: back }),
    );
  return findings;
}

/** Publications of the table, its partitions or the trees that they stand in. */
function publicationsOf(catalog: Catalog, table: TableName): readonly Publication[] {
  const members = partitionTree(catalog, partitionRoot(catalog, table));
  const keys = new Set(members.map(nameKey));
  const schemas = new Set(members.map(({ schema }) => schema));
  return catalog.publications.filter(
    (publication) =>
      publication.allTables ||
      publication.tables.some((name) => keys.has(nameKey(name))) ||
      publication.schemas.some((schema) => schemas.has(schema)),
  );
}

/** Whether every table that holds rows tells a subscriber which row it was. */
function identified(catalog: Catalog, root: Table): boolean {
  const byName = tableByName(catalog);
  const hasPrimary = ({ constraints }: Table) =>
    constraints.some(
      (constraint) => constraint.kind === "primary" && constraint.deferrable === "no",
    );
  return partitionTree(catalog, root.name).every((name) => {
    const table = byName.get(nameKey(name));
    if (table?.kind !== "table") return true;
    switch (table.replicaIdentity) {
      case "default":
        // Partitions have the primary key of their root.
        return hasPrimary(table) || hasPrimary(root);
      case "nothing":
        return false;
      default:
        return true;
    }
  });
}

const FILLED = `SELECT n.nspname, c.relname, s.subname
  FROM pg_catalog.pg_subscription_rel r
  JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid
  JOIN pg_catalog.pg_class c ON c.oid = r.srrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  ORDER BY 1, 2, 3`;

async function subscriptionFindings(
  { sources: { production }, catalogs }: Subject,
  touched: readonly Touched[],
): Promise<readonly Finding[]> {
  if (production.kind === "dump") {
    const subscriptions = production.ddl.flatMap(
      ({ text }) => /^CREATE SUBSCRIPTION (\S+)/.exec(text)?.[1] ?? [],
    );
    return subscriptions.length > 0 ? [finding({ code: "subscriptions", subscriptions })] : [];
  }
  const filled = new Map<string, string[]>();
  for (const [schema, name, subscription] of await ask(production, FILLED)) {
    const root = partitionRoot(catalogs.production, { schema: `${schema}`, name: `${name}` });
    filled.set(nameKey(root), [...(filled.get(nameKey(root)) ?? []), `${subscription}`]);
  }
  return touched.flatMap(({ changed: { table } }) => {
    const subscriptions = filled.get(nameKey(table));
    return subscriptions
      ? [finding({ code: "subscribed", table, subscriptions: [...new Set(subscriptions)] })]
      : [];
  });
}

async function slotFindings({ sources: { production } }: Subject): Promise<readonly Finding[]> {
  const rows = await ask(
    production,
    `SELECT slot_name FROM pg_catalog.pg_replication_slots
     WHERE slot_type = 'logical' AND database = pg_catalog.current_database() ORDER BY 1`,
  );
  const slots = rows.map(([name]) => `${name}`);
  return slots.length > 0 ? [finding({ code: "replication_slots", slots })] : [];
}
