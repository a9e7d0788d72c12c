/**
 * Tables with all that belongs to them, from a server.
 */
import type { TableName } from "../../names.ts";
import type { Table } from "../types.ts";
import type { ColumnsByRelation } from "./columns.ts";
import { readConstraints, readUniqueIndexes } from "./constraints.ts";
import { byFirstField, type CatalogQueries, fields, isTrue, USER_TABLES } from "./scope.ts";
import { readPolicies, readRules, readTriggers } from "./triggers.ts";

const TABLES = `
SELECT t.oid, t.nspname, t.relname, t.relkind, t.relpersistence, t.relispartition,
  t.relrowsecurity, t.relforcerowsecurity, t.relreplident, ic.relname,
  CASE WHEN t.relkind = 'p' THEN pg_get_partkeydef(t.oid) END
FROM ${USER_TABLES} t
LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisreplident
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid`;

const PARENTS = `
SELECT h.inhrelid, n.nspname, c.relname
FROM pg_inherits h
JOIN ${USER_TABLES} t ON t.oid = h.inhrelid
JOIN pg_class c ON c.oid = h.inhparent
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY h.inhrelid, h.inhseqno`;

/** Reads all tables, in seven queries. */
export async function readTables(
  database: CatalogQueries,
  columns: ColumnsByRelation,
): Promise<Table[]> {
  const rows = await database.query(TABLES);
  const parents = byFirstField(await database.query(PARENTS));
  const constraints = await readConstraints(database, columns);
  const uniqueIndexes = await readUniqueIndexes(database, columns);
  const triggers = await readTriggers(database);
  const rules = await readRules(database);
  const policies = await readPolicies(database);
  return rows.map((row) => {
    const [oid = "", schema = "", name = "", kind, persistence, partition = "", ...rest] =
      fields(row);
    const [enabled = "", forced = "", identity = "", index = "", partitionKey = ""] = rest;
    const above = (parents.get(oid) ?? []).map(([space = "", parent = ""]) => ({
      schema: space,
      name: parent,
    }));
    return {
      name: { schema, name },
      kind: KINDS.get(kind ?? "") ?? "table",
      unlogged: persistence === "u",
      columns: columns.of(oid),
      constraints: constraints(oid),
      uniqueIndexes: uniqueIndexes(oid),
      ...parentage(above, isTrue(partition)),
      ...(partitionKey === "" ? {} : { partitionKey }),
      triggers: triggers(oid),
      rules: rules(oid),
      rowSecurity: { enabled: isTrue(enabled), forced: isTrue(forced) },
      policies: policies(oid),
      replicaIdentity: replicaIdentity(identity, index),
    };
  });
}

const KINDS: ReadonlyMap<string, Table["kind"]> = new Map([
  ["r", "table"],
  ["p", "partitioned"],
  ["f", "foreign"],
]);

function parentage(
  parents: readonly TableName[],
  isPartition: boolean,
): Pick<Table, "partitionOf" | "inherits"> {
  const [root] = parents;
  return isPartition && root ? { partitionOf: root, inherits: [] } : { inherits: parents };
}

/** Without its index, which someone dropped, an identity by index publishes as little as NOTHING does. */
function replicaIdentity(code: string, index: string): Table["replicaIdentity"] {
  if (code === "i") return index === "" ? "nothing" : { index };
  if (code === "f") return "full";
  return code === "n" ? "nothing" : "default";
}
