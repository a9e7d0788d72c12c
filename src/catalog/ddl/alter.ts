/**
 * ALTER TABLE and ALTER FOREIGN TABLE: one reader for each subcommand that changes the catalog.
 */
import { formatName, nameKey } from "../../names.ts";
import type { AlterTableCmd, AlterTableStmt } from "../parser.ts";
import type { FiringState } from "../types.ts";
import { addColumn } from "./column.ts";
import { setDefault, setIdentity } from "./column-value.ts";
import { addConstraint } from "./constraint.ts";
import { changeColumn, findTable, type TableDraft } from "./draft.ts";
import { afterWords, sliceItem } from "./sql-text.ts";
import { relationName, type Statement, unreadable } from "./statement.ts";

/** One subcommand of a statement. */
interface Change {
  readonly table: TableDraft;
  /** The table and those below it that the statement concerns too: none with ONLY. */
  readonly concerned: () => readonly TableDraft[];
  readonly command: AlterTableCmd;
  /** Where the subcommand ends, if it is the only one. */
  readonly next?: number;
}

type Reader = (statement: Statement, change: Change) => void;

/**
 * Applies the statement to the draft. Relations that the dump does not define as tables are passed over: views, sequences,
 * and tables that a dump of some parts left out.
 *
 * @throws ExpectedError `ddl_unreadable` for changes of a table's shape that no dump makes.
 */
export function alterTable(statement: Statement, node: AlterTableStmt): void {
  const name = relationName(statement, node.relation);
  const table = findTable(statement.draft, name);
  if (!table) return;
  const recursing = node.relation?.inh === true;
  const concerned = (): readonly TableDraft[] =>
    recursing ? withChildren(statement, table) : [table];
  if (!recursing) noteOnly(node, table);
  const next = node.cmds?.length === 1 ? { next: statement.sql.length } : {};
  for (const item of node.cmds ?? []) {
    if (!("AlterTableCmd" in item)) continue;
    const command = item.AlterTableCmd;
    const subtype = command.subtype ?? "";
    if (IGNORED.has(subtype)) continue;
    const read = READERS.get(subtype);
    if (!read) {
      throw unreadable(
        statement,
        `a dump does not change ${formatName(name)} in this way (${subtype})`,
      );
    }
    read(statement, { table, concerned, command, ...next });
  }
}

function noteOnly(node: AlterTableStmt, table: TableDraft): void {
  for (const item of node.cmds ?? []) {
    if (!("AlterTableCmd" in item) || item.AlterTableCmd.subtype !== "AT_AddConstraint") continue;
    const { def } = item.AlterTableCmd;
    if (def && "Constraint" in def && def.Constraint.conname) {
      table.onlyHere.add(def.Constraint.conname);
    }
  }
}

function withChildren({ draft }: Statement, root: TableDraft): TableDraft[] {
  const found = [root];
  for (const parent of found) {
    const key = nameKey(parent.name);
    for (const table of draft.tables.values()) {
      const parents = table.partitionOf ? [table.partitionOf] : table.inherits;
      if (parents.some((name) => nameKey(name) === key) && !found.includes(table)) {
        found.push(table);
      }
    }
  }
  return found;
}

/** Subcommands about storage, statistics, owners and the like. */
const IGNORED: ReadonlySet<string> = new Set([
  "AT_AlterColumnGenericOptions",
  "AT_ChangeOwner",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_GenericOptions",
  "AT_ReplaceRelOptions",
  "AT_ResetOptions",
  "AT_ResetRelOptions",
  "AT_SetAccessMethod",
  "AT_SetCompression",
  "AT_SetOptions",
  "AT_SetRelOptions",
  "AT_SetStatistics",
  "AT_SetStorage",
  "AT_SetTableSpace",
]);

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["AT_AddColumn", readColumn],
  ["AT_AddConstraint", readConstraint],
  ["AT_AddIdentity", readIdentity],
  ["AT_AddInherit", readInherit],
  ["AT_AttachPartition", readPartition],
  ["AT_ColumnDefault", readDefault],
  ["AT_DropNotNull", (_statement, change) => setNotNull(change, false)],
  ["AT_SetNotNull", (_statement, change) => setNotNull(change, true)],
  ["AT_ReplicaIdentity", readReplicaIdentity],
  ["AT_ValidateConstraint", (_statement, change) => validate(change)],
  ["AT_SetLogged", (_statement, { table }) => setUnlogged(table, false)],
  ["AT_SetUnLogged", (_statement, { table }) => setUnlogged(table, true)],
  ["AT_EnableRowSecurity", (_statement, { table }) => setRowSecurity(table, { enabled: true })],
  ["AT_DisableRowSecurity", (_statement, { table }) => setRowSecurity(table, { enabled: false })],
  ["AT_ForceRowSecurity", (_statement, { table }) => setRowSecurity(table, { forced: true })],
  ["AT_NoForceRowSecurity", (_statement, { table }) => setRowSecurity(table, { forced: false })],
  ...firing("Trig", setTriggerState),
  ...firing("Rule", setRuleState),
  ["AT_EnableTrigAll", (_statement, { table }) => setAllTriggers(table, "origin")],
  ["AT_EnableTrigUser", (_statement, { table }) => setAllTriggers(table, "origin")],
  ["AT_DisableTrigAll", (_statement, { table }) => setAllTriggers(table, "disabled")],
  ["AT_DisableTrigUser", (_statement, { table }) => setAllTriggers(table, "disabled")],
]);

function readColumn(statement: Statement, { table, concerned, command }: Change): void {
  if (concerned().length > 1) {
    throw unreadable(statement, "a dump does not add columns to tables that have children");
  }
  if (command.def && "ColumnDef" in command.def) {
    addColumn(statement, command.def.ColumnDef, { table });
  }
}

function readConstraint(statement: Statement, change: Change): void {
  const { def } = change.command;
  if (def && "Constraint" in def) {
    addConstraint(statement, def.Constraint, change);
  }
}

function readIdentity(statement: Statement, { table, command }: Change): void {
  if (command.def && "Constraint" in command.def) {
    setIdentity(statement, command.def.Constraint, { table, column: command.name ?? "" });
  }
}

function readInherit(statement: Statement, { table, command }: Change): void {
  if (command.def && "RangeVar" in command.def) {
    table.inherits.push(relationName(statement, command.def.RangeVar));
  }
}

function readPartition(statement: Statement, { table, command }: Change): void {
  if (!command.def || !("PartitionCmd" in command.def)) return;
  const partition = findTable(
    statement.draft,
    relationName(statement, command.def.PartitionCmd.name),
  );
  if (partition) partition.partitionOf = table.name;
}

function readDefault(statement: Statement, { concerned, command, next }: Change): void {
  const from = command.def && afterWords(statement.sql, ["SET", "DEFAULT"]);
  const expression = from === undefined ? undefined : sliceItem(statement.sql, from, next).trim();
  for (const table of concerned()) setDefault(table, command.name ?? "", expression);
}

function setNotNull({ concerned, command }: Change, notNull: boolean): void {
  for (const table of concerned()) {
    changeColumn(table, command.name ?? "", (column) => ({ ...column, notNull }));
  }
}

function validate({ table, command }: Change): void {
  const constraint = table.constraints.get(command.name ?? "");
  if (constraint?.kind !== "check" && constraint?.kind !== "foreign") return;
  const definition = constraint.definition.replace(/\s+NOT VALID$/i, "");
  table.constraints.set(constraint.name, { ...constraint, validated: true, definition });
}

function readReplicaIdentity(_statement: Statement, { table, command }: Change): void {
  if (!command.def || !("ReplicaIdentityStmt" in command.def)) return;
  const { identity_type: type, name = "" } = command.def.ReplicaIdentityStmt;
  if (type === "i") table.replicaIdentity = { index: name };
  else table.replicaIdentity = type === "f" ? "full" : type === "n" ? "nothing" : "default";
}

function setUnlogged(table: TableDraft, unlogged: boolean): void {
  table.unlogged = unlogged;
}

function setRowSecurity(table: TableDraft, change: Partial<TableDraft["rowSecurity"]>): void {
  table.rowSecurity = { ...table.rowSecurity, ...change };
}

function firing(
  what: "Trig" | "Rule",
  set: (table: TableDraft, name: string, state: FiringState) => void,
): [string, Reader][] {
  const states: [string, FiringState][] = [
    ["Enable", "origin"],
    ["EnableAlways", "always"],
    ["EnableReplica", "replica"],
    ["Disable", "disabled"],
  ];
  return states.map(([verb, state]) => [
    `AT_${verb}${what}`,
    (_statement, { table, command }) => set(table, command.name ?? "", state),
  ]);
}

function setTriggerState(table: TableDraft, name: string, enabled: FiringState): void {
  const known = table.triggers.get(name);
  if (known) table.triggers.set(name, { ...known, trigger: { ...known.trigger, enabled } });
  else table.cloneStates.set(name, enabled);
}

function setAllTriggers(table: TableDraft, enabled: FiringState): void {
  for (const name of table.triggers.keys()) setTriggerState(table, name, enabled);
}

function setRuleState(table: TableDraft, name: string, enabled: FiringState): void {
  const rule = table.rules.get(name);
  if (rule) table.rules.set(name, { ...rule, enabled });
}
