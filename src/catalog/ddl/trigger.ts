/**
 * CREATE TRIGGER, CREATE RULE and CREATE POLICY: what a table does by itself when rows are written. Definitions stay text.
 */
import { nameKey, type TableName } from "../../names.ts";
import { triggerType } from "../codes.ts";
import { type CreateTrigStmt, type RangeVar, type RuleStmt, scanTokens } from "../parser.ts";
import type { Rule, Trigger } from "../types.ts";
import { findTable } from "./draft.ts";
import type { SqlText } from "./sql-text.ts";
import { quoteName, relationName, type Statement } from "./statement.ts";

/** CREATE TRIGGER on a table of the dump; those on views are left out. */
export function createTrigger(statement: Statement, node: CreateTrigStmt): void {
  const table = findTable(statement.draft, relationName(statement, node.relation));
  if (!table) return;
  const { sql } = statement;
  const name = node.trigname ?? "";
  const trigger: Trigger = {
    name,
    enabled: "origin",
    ...triggerType(Number(node.row === true) | (node.timing ?? 0) | (node.events ?? 0)),
    definition: sql.text,
  };
  const span = nameSpan(sql, node.relation);
  const definitionOn = (other: TableName): string =>
    `${sql.slice(0, span.start)}${quoteName(other)}${sql.slice(span.end)}`;
  table.triggers.set(name, { trigger, definitionOn });
}

/** Where a relation's name stands in a statement: one identifier, or two with a dot between them. */
function nameSpan(sql: SqlText, relation: RangeVar | undefined): { start: number; end: number } {
  const start = relation?.location ?? 0;
  const [first, , third] = scanTokens(sql.slice(start));
  const last = relation?.schemaname === undefined ? first : third;
  return { start, end: start + (last?.end ?? 0) };
}

const RULE_EVENTS: ReadonlyMap<string, Rule["event"]> = new Map([
  ["CMD_INSERT", "insert"],
  ["CMD_UPDATE", "update"],
  ["CMD_DELETE", "delete"],
]);

/** CREATE RULE on a table of the dump. One that stands for SELECT makes the table a view, as dumps before 9.4 did for some. */
export function createRule(statement: Statement, node: RuleStmt): void {
  const name = relationName(statement, node.relation);
  const table = findTable(statement.draft, name);
  if (!table) return;
  const event = RULE_EVENTS.get(node.event ?? "");
  if (event === undefined) {
    statement.draft.tables.delete(nameKey(name));
    return;
  }
  const ruleName = node.rulename ?? "";
  table.rules.set(ruleName, {
    name: ruleName,
    event,
    instead: node.instead === true,
    enabled: "origin",
    definition: `${statement.sql.text};`,
  });
}

/** CREATE POLICY. */
export function createPolicy(
  statement: Statement,
  node: { readonly policy_name?: string; readonly table?: RangeVar },
): void {
  const table = findTable(statement.draft, relationName(statement, node.table));
  table?.policies.add(node.policy_name ?? "");
}
