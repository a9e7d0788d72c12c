/**
 * What the changes of a table ask of the user: answers that flags give, and findings where they do not.
 */
import { activeRules } from "../catalog/firing.ts";
import type { TablePair } from "../catalog/pair.ts";
import type { Counts } from "../compare/change.ts";
import { type Finding, finding } from "../findings.ts";
import { formatIdentifier } from "../names.ts";
import { totalOf } from "./types.ts";

/** Answers; absent ones leave a blocking finding where the question arises. */
export interface Policy {
  readonly deletes?: "apply" | "withhold";
  readonly triggers?: "fire" | "disable";
  readonly rules?: "disable";
}

/** The questions that the changes of one table raise, and the consequences of the answers; triggers are asked of the plan (order/triggers.ts). */
export function policyFindings(
  pair: TablePair,
  { counts, policy }: { readonly counts: Counts; readonly policy: Policy },
): readonly Finding[] {
  if (totalOf(counts) === 0) return [];
  const { name: table, production } = pair;
  const findings: Finding[] = [];
  if (counts.delete > 0 && policy.deletes === undefined)
    findings.push(finding({ code: "deletes", table, rows: counts.delete }));
  const rules = activeRules(production).map(({ name }) => formatIdentifier(name));
  if (rules.length > 0)
    findings.push(
      finding({ code: policy.rules === "disable" ? "rules_off" : "rules", table, rules }),
    );
  if (production.rowSecurity.enabled) findings.push(finding({ code: "row_security", table }));
  if (counts.insert > 0) findings.push(...requiredColumns(pair));
  return findings;
}

/** Columns that an inserted row needs and local does not have. */
function requiredColumns({ name: table, production, columns }: TablePair): readonly Finding[] {
  return production.columns
    .filter((column) => !columns.includes(column.name) && column.notNull)
    .filter((column) => column.default === undefined && !column.generated && !column.identity)
    .map(({ name }) => finding({ code: "column_required", table, column: name }));
}
