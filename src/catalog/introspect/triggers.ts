/**
 * Triggers, rules and policies of tables, from a server.
 */
import { FIRING_STATES, triggerType } from "../codes.ts";
import type { FiringState, Rule, Trigger } from "../types.ts";
import { byFirstField, isTrue, type Rows, USER_TABLES } from "./scope.ts";

/** What of one kind each table has, by the table's oid. */
export type OfTable<T> = (table: string) => T[];

/** For a server of this version. */
export const triggersQuery = (version: number): string => `
SELECT tg.tgrelid, tg.tgname, tg.tgenabled, tg.tgtype, pg_get_triggerdef(tg.oid, false)
FROM pg_trigger tg
JOIN ${USER_TABLES} t ON t.oid = tg.tgrelid
LEFT JOIN pg_trigger parent ON parent.oid = tg.tgparentid
-- Clones on partitions are left out unless someone switched them otherwise than their parent. Before 15 they count as internal,
-- as the triggers of foreign keys do, which have parents from 15 on.
WHERE CASE WHEN tg.tgparentid = 0 THEN NOT tg.tgisinternal
  ELSE tg.tgenabled <> parent.tgenabled AND ${version >= 150000 ? "NOT tg.tgisinternal" : "true"} END`;

/** User triggers, from the rows of {@link triggersQuery}. */
export function triggersFrom(found: Rows): OfTable<Trigger> {
  const rows = byFirstField(found);
  return (table) =>
    (rows.get(table) ?? []).map(([name = "", enabled, type, definition = ""]) => ({
      name,
      enabled: firingState(enabled),
      ...triggerType(Number(type)),
      definition,
    }));
}

/** Of all tables at once. */
export const RULES: string = `
SELECT r.ev_class, r.rulename, r.ev_type, r.is_instead, r.ev_enabled, pg_get_ruledef(r.oid)
FROM pg_rewrite r
JOIN ${USER_TABLES} t ON t.oid = r.ev_class`;

/** Rewrite rules, from the rows of {@link RULES}; pg_rewrite.ev_type is the number of the command that the rule stands for. */
export function rulesFrom(found: Rows): OfTable<Rule> {
  const rows = byFirstField(found);
  return (table) =>
    (rows.get(table) ?? []).map(([name = "", type, instead = "", enabled, definition = ""]) => ({
      name,
      event: type === "2" ? "update" : type === "3" ? "insert" : "delete",
      instead: isTrue(instead),
      enabled: firingState(enabled),
      definition,
    }));
}

/** Of all tables at once. */
export const POLICIES: string = `
SELECT p.polrelid, p.polname FROM pg_policy p JOIN ${USER_TABLES} t ON t.oid = p.polrelid`;

/** Names of row security policies, from the rows of {@link POLICIES}. */
export function policiesFrom(found: Rows): OfTable<string> {
  const rows = byFirstField(found);
  return (table) => (rows.get(table) ?? []).map(([name = ""]) => name);
}

function firingState(code: string | undefined): FiringState {
  return FIRING_STATES.get(code ?? "") ?? "origin";
}
