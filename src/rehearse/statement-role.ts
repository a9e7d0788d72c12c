/**
 * Where a dump's statement belongs in a restore: before the rows, after them, or nowhere. Reads parse trees only.
 */
import type { AlterTableCmd, Node } from "../catalog/parser.ts";

export type StatementRole = "before rows" | "after rows" | "left out";

/** Owners, privileges, roles, databases, tablespaces, subscriptions (which would connect to a publisher), and what --clean drops. */
const LEFT_OUT = new Set([
  "AlterDatabaseSetStmt",
  "AlterDatabaseStmt",
  "AlterDefaultPrivilegesStmt",
  "AlterOwnerStmt",
  "AlterRoleSetStmt",
  "AlterRoleStmt",
  "AlterSubscriptionStmt",
  "CreateRoleStmt",
  "CreateSubscriptionStmt",
  "CreateTableSpaceStmt",
  "CreatedbStmt",
  "DropRoleStmt",
  "DropStmt",
  "DropdbStmt",
  "GrantRoleStmt",
  "GrantStmt",
]);

/** What pg_dump writes into its last section. */
const AFTER_ROWS = new Set([
  "AlterPublicationStmt",
  "CreateEventTrigStmt",
  "CreatePolicyStmt",
  "CreatePublicationStmt",
  "CreateStatsStmt",
  "CreateTrigStmt",
  "IndexStmt",
  "RefreshMatViewStmt",
  "RuleStmt",
]);

/** Not REPLICA IDENTITY and FORCE ROW LEVEL SECURITY: those stand with their table. */
const COMMANDS_AFTER_ROWS = new Set<AlterTableCmd["subtype"]>([
  "AT_AddConstraint",
  "AT_ClusterOn",
  "AT_DisableTrig",
  "AT_EnableAlwaysTrig",
  "AT_EnableReplicaTrig",
  "AT_EnableRowSecurity",
]);

const COMMENTS_LEFT_OUT = new Set<string | undefined>([
  "OBJECT_DATABASE",
  "OBJECT_LARGEOBJECT",
  "OBJECT_ROLE",
  "OBJECT_SUBSCRIPTION",
  "OBJECT_TABLESPACE",
]);

/** The role of one statement; one that the parser did not read comes as an empty list and stays where it stands. */
export function roleOf(nodes: readonly Node[]): StatementRole {
  const roles = nodes.map(nodeRole);
  if (roles.length > 0 && roles.every((role) => role === "left out")) return "left out";
  return roles.includes("after rows") ? "after rows" : "before rows";
}

function nodeRole(node: Node): StatementRole {
  const [kind = ""] = Object.keys(node);
  if (LEFT_OUT.has(kind)) return "left out";
  if (AFTER_ROWS.has(kind)) return "after rows";
  if ("CommentStmt" in node) {
    return COMMENTS_LEFT_OUT.has(node.CommentStmt.objtype) ? "left out" : "before rows";
  }
  if ("CreateSchemaStmt" in node) {
    // Every new database has it, and dumps of some servers create it nevertheless.
    return node.CreateSchemaStmt.schemaname === "public" ? "left out" : "before rows";
  }
  if ("AlterTableStmt" in node) return alterRole(node.AlterTableStmt.cmds ?? []);
  return "before rows";
}

function alterRole(cmds: readonly Node[]): StatementRole {
  const subtypes = cmds.map((cmd) =>
    "AlterTableCmd" in cmd ? cmd.AlterTableCmd.subtype : undefined,
  );
  if (subtypes.some((subtype) => subtype === "AT_ChangeOwner" || subtype === "AT_DropConstraint")) {
    return "left out";
  }
  return subtypes.some((subtype) => COMMANDS_AFTER_ROWS.has(subtype))
    ? "after rows"
    : "before rows";
}
