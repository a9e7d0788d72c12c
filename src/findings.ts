/**
 * Findings: what the reviewer must see, as data. Prose lives here alone, in one exhaustive switch.
 */
import { formatIdentifier, formatName, type TableName } from "./names.ts";

export type Severity = "notice" | "warning" | "blocking";

/** A finding's facts; the code decides its severity and its prose. */
export type Finding = { readonly severity: Severity; readonly message: string } & FindingFacts;

/** What was found. `table` says where, for all but those that concern the whole comparison. */
export type FindingFacts =
  | {
      readonly code: "table_missing";
      readonly table: TableName;
      readonly in: "production" | "local";
    }
  | { readonly code: "not_compared"; readonly table: TableName; readonly reason: string };

const SEVERITY = {
  table_missing: "warning",
  not_compared: "notice",
} as const satisfies Record<FindingFacts["code"], Severity>;

/** Completes a finding: severity and prose follow from its facts. */
export function finding(facts: FindingFacts): Finding {
  return { severity: SEVERITY[facts.code], message: describeFinding(facts), ...facts };
}

function describeFinding(facts: FindingFacts): string {
  switch (facts.code) {
    case "table_missing":
      return `table ${formatName(facts.table)} does not exist in ${facts.in}; it was not compared`;
    case "not_compared":
      return `table ${formatName(facts.table)} was not compared: ${facts.reason}`;
  }
}

/** A list of column names for a message. */
export function formatColumns(columns: readonly string[]): string {
  return columns.map(formatIdentifier).join(", ");
}
