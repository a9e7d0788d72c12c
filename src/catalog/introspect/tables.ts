/**
 * Tables with all that belongs to them, from a server.
 */
import type { TableName } from "../../names.ts";
import type { Table } from "../types.ts";
import type { ColumnsByRelation } from "./columns.ts";
import { constraintsFrom, uniqueIndexesFrom } from "./constraints.ts";
import { byFirstField, fields, isTrue, type Rows, USER_TABLES } from "./scope.ts";
import { policiesFrom, rulesFrom, triggersFrom } from "./triggers.ts";

/** Tables without what belongs to them. */
export const TABLES: string = `
SELECT t.oid, t.nspname, t.relname, t.relkind, t.relpersistence, t.relispartition,
  t.relrowsecurity, t.relforcerowsecurity, t.relreplident, ic.relname,
  CASE WHEN t.relkind = 'p' THEN pg_get_partkeydef(t.oid) END
FROM ${USER_TABLES} t
LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisreplident
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid`;

/** What tables inherit from, or are partitions of. */
export const PARENTS: string = `
SELECT h.inhrelid, n.nspname, c.relname
FROM pg_inherits h
JOIN ${USER_TABLES} t ON t.oid = h.inhrelid
JOIN pg_class c ON c.oid = h.inhparent
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY h.inhrelid, h.inhseqno`;

/** The rows of the queries for tables and for all that belongs to them. */
export interface TableRows {
  readonly tables: Rows;
  readonly parents: Rows;
  readonly constraints: Rows;
  readonly uniqueIndexes: Rows;
  readonly triggers: Rows;
  readonly rules: Rows;
  readonly policies: Rows;
}

/** Tables with all that belongs to them. */
export function tablesFrom(found: TableRows, columns: ColumnsByRelation): Table[] {
  const parents = byFirstField(found.parents);
  const constraints = constraintsFrom(found.constraints, columns);
  const uniqueIndexes = uniqueIndexesFrom(found.uniqueIndexes, columns);
  const triggers = triggersFrom(found.triggers);
  const rules = rulesFrom(found.rules);
  const policies = policiesFrom(found.policies);
  return found.tables.map((row) => {
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
