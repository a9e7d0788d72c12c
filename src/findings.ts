/**
 * Findings: what the reviewer must see, as data. Severity and prose live here alone, in exhaustive tables.
 */

import { describeReview, isReview, REVIEW_SEVERITY, type ReviewFacts } from "./findings/review.ts";
import type { Severity } from "./findings/severity.ts";
import {
  formatIdentifier,
  formatName,
  plural,
  printable,
  type QualifiedName,
  type TableName,
} from "./names.ts";

/** A finding: its facts, and what follows from them. */
export type Finding = { readonly severity: Severity; readonly message: string } & FindingFacts;

type Where = "production" | "local";

/** What was found, by code. */
export type FindingFacts =
  | ReviewFacts
  | { readonly code: "table_missing"; readonly table: TableName; readonly in: Where }
  | { readonly code: "not_compared"; readonly table: TableName; readonly reason: string }
  | { readonly code: "catalog_borrowed"; readonly side: Where }
  | {
      readonly code: "column_missing";
      readonly table: TableName;
      readonly column: string;
      readonly in: Where;
    }
  | { readonly code: "column_required"; readonly table: TableName; readonly column: string }
  | {
      readonly code: "column_not_compared";
      readonly table: TableName;
      readonly column: string;
      readonly reason: string;
    }
  | {
      readonly code: "column_type";
      readonly table: TableName;
      readonly column: string;
      readonly production: string;
      readonly local: string;
    }
  | {
      readonly code: "column_modifier";
      readonly table: TableName;
      readonly column: string;
      readonly production: string;
      readonly local: string;
    }
  | {
      readonly code: "no_key";
      readonly table: TableName;
      readonly inserts: number;
      readonly deletes: number;
    }
  | {
      readonly code: "key_not_unique";
      readonly table: TableName;
      readonly key: readonly string[];
      readonly side: Where;
      readonly rows: number;
    }
  | {
      readonly code: "key_null";
      readonly table: TableName;
      readonly key: readonly string[];
      readonly side: Where;
      readonly rows: number;
    }
  | {
      readonly code: "key_without_index";
      readonly table: TableName;
      readonly key: readonly string[];
    }
  | { readonly code: "key_undecided"; readonly table: TableName; readonly key: readonly string[] }
  | { readonly code: "deletes"; readonly table: TableName; readonly rows: number }
  | { readonly code: "filtered"; readonly table: TableName; readonly where: string }
  | { readonly code: "withheld"; readonly table: TableName; readonly rows: number }
  | {
      readonly code: "keys_changed";
      readonly table: TableName;
      readonly key: readonly string[];
      readonly rows: number;
      /** Withheld rows that were not looked at any more, where there are such. */
      readonly unseen?: number;
    }
  | { readonly code: "triggers"; readonly table: TableName; readonly triggers: readonly string[] }
  | {
      readonly code: "triggers_off";
      readonly table: TableName;
      readonly triggers: readonly string[];
    }
  | {
      readonly code: "triggers_fire";
      readonly table: TableName;
      readonly triggers: readonly string[];
    }
  | { readonly code: "rules"; readonly table: TableName; readonly rules: readonly string[] }
  | { readonly code: "rules_off"; readonly table: TableName; readonly rules: readonly string[] }
  | { readonly code: "row_security"; readonly table: TableName }
  | {
      readonly code: "unique_value_moves";
      readonly table: TableName;
      readonly index: string;
      readonly values: number;
    }
  | {
      readonly code: "unique_order_unknown";
      readonly table: TableName;
      readonly index: string;
      readonly values: number;
    }
  | {
      readonly code: "reference_moves";
      readonly table: TableName;
      readonly foreignKey: string;
      readonly rows: number;
    }
  | {
      readonly code: "reference_respelled";
      readonly table: TableName;
      readonly foreignKey: string;
      readonly action: string;
      readonly rows: number;
    }
  | {
      readonly code: "foreign_key_cycle";
      readonly tables: readonly TableName[];
      readonly rows: number;
    }
  | {
      readonly code: "identity_always_update";
      readonly table: TableName;
      readonly column: string;
      readonly rows: number;
    }
  | { readonly code: "production_live"; readonly rows: number }
  | { readonly code: "same_source"; readonly kind: "database" | "dump" }
  | { readonly code: "large_objects"; readonly count: number }
  | {
      readonly code: "sequence_differs";
      readonly sequence: QualifiedName;
      readonly production: string;
      readonly local: string;
    }
  | {
      readonly code: "sequence_descending";
      readonly sequence: QualifiedName;
      readonly table: TableName;
    };

const SEVERITY = {
  ...REVIEW_SEVERITY,
  table_missing: "warning",
  not_compared: "notice",
  catalog_borrowed: "warning",
  column_missing: "warning",
  column_required: "blocking",
  column_not_compared: "notice",
  column_type: "blocking",
  column_modifier: "warning",
  no_key: "warning",
  key_not_unique: "blocking",
  key_null: "blocking",
  key_without_index: "notice",
  key_undecided: "blocking",
  deletes: "blocking",
  withheld: "warning",
  keys_changed: "warning",
  filtered: "warning",
  triggers: "blocking",
  triggers_off: "notice",
  triggers_fire: "warning",
  rules: "blocking",
  rules_off: "notice",
  row_security: "notice",
  unique_value_moves: "blocking",
  unique_order_unknown: "warning",
  foreign_key_cycle: "blocking",
  reference_moves: "blocking",
  reference_respelled: "warning",
  identity_always_update: "blocking",
  production_live: "warning",
  same_source: "warning",
  large_objects: "notice",
  sequence_differs: "notice",
  sequence_descending: "warning",
} as const satisfies Record<FindingFacts["code"], Severity>;

/** Completes a finding: severity and prose follow from its facts. */
export function finding(facts: FindingFacts): Finding {
  return { severity: SEVERITY[facts.code], message: describe(facts), ...facts };
}

/** Whether a blocking finding is among them. */
export function isBlocked(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "blocking");
}

function describe(facts: FindingFacts): string {
  if (isReview(facts)) return describeReview(facts);
  switch (facts.code) {
    case "table_missing":
      return `table ${formatName(facts.table)} does not exist in ${facts.in}; it was not compared`;
    case "not_compared":
      return `table ${formatName(facts.table)} was not compared: ${facts.reason}`;
    case "catalog_borrowed":
      return `the ${facts.side} dump holds data only; its tables are taken to be those of ${facts.side === "production" ? "local" : "production"}`;
    case "column_missing":
      return `column ${inTable(facts)} does not exist in ${facts.in}; it was not compared`;
    case "column_required":
      return `column ${inTable(facts)} exists only in production, takes no NULL and has no default, so rows cannot be inserted; add the column locally or leave the table out with --exclude`;
    case "column_not_compared":
      return `column ${inTable(facts)} was not compared: ${facts.reason}`;
    case "column_type":
      return `column ${inTable(facts)} is ${facts.production} in production and ${facts.local} in local; bring the types together, or leave it out with --ignore-column`;
    case "column_modifier":
      return `column ${inTable(facts)} is ${facts.production} in production and ${facts.local} in local; values that do not fit will stop the script`;
    case "no_key":
      return `table ${formatName(facts.table)} has no primary or unique NOT NULL key: ${plural(facts.inserts, "row")} only in local and ${plural(facts.deletes, "row")} only in production are withheld; name a key with --key ${facts.table.schema}.${facts.table.name}=column,...`;
    case "key_not_unique":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "row")} of ${facts.side} ${facts.rows === 1 ? "shares its" : "share their"} key (${formatColumns(facts.key)}) with another row; name other columns with --key or leave the table out with --exclude`;
    case "key_null":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "row")} of ${facts.side} ${facts.rows === 1 ? "has NULL in its" : "have NULL in their"} key (${formatColumns(facts.key)}); name other columns with --key or leave the table out with --exclude`;
    case "key_without_index":
      return `table ${formatName(facts.table)}: no unique index covers the key (${formatColumns(facts.key)}); the script locks the table against other writers and finds its rows by reading all of them`;
    case "key_undecided":
      return `table ${formatName(facts.table)}: only PostgreSQL can tell whether keys (${formatColumns(facts.key)}) that differ in spelling are the same; make one side a live database`;
    case "deletes":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "row exists", "rows exist")} only in production: deleted locally, or added in production since; answer with --deletes apply or --deletes withhold`;
    case "filtered":
      return `table ${formatName(facts.table)}: only rows where ${printable(facts.where)} were compared (--where)`;
    case "withheld":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "delete is", "deletes are")} withheld`;
    case "keys_changed":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "inserted row equals a row", "inserted rows equal rows")} whose delete is withheld in every column but the key (${formatColumns(facts.key)}); if a key was changed, production would hold both: answer with --deletes apply, or name columns that stay the same with --key${facts.unseen === undefined ? "" : `; ${plural(facts.unseen, "further withheld row was", "further withheld rows were")} not looked at`}`;
    case "triggers":
      return `table ${formatName(facts.table)} has triggers that would fire (${facts.triggers.join(", ")}); answer with --triggers disable or --triggers fire`;
    case "triggers_off":
      return `table ${formatName(facts.table)}: triggers are off while the script runs: ${facts.triggers.join(", ")}`;
    case "triggers_fire":
      return `table ${formatName(facts.table)}: triggers fire: ${facts.triggers.join(", ")}; what they write into other tables stops the script, what a BEFORE trigger puts into other columns of the same rows does not show`;
    case "rules":
      return `table ${formatName(facts.table)} has rules that rewrite statements (${facts.rules.join(", ")}); answer with --rules disable or leave the table out with --exclude`;
    case "rules_off":
      return `table ${formatName(facts.table)}: rules are off while the script runs: ${facts.rules.join(", ")}`;
    case "row_security":
      return `table ${formatName(facts.table)} has row security; the script must run as a role that bypasses it, else it stops`;
    case "unique_value_moves":
      return `table ${formatName(facts.table)}: ${plural(facts.values, "value")} of unique ${formatIdentifier(facts.index)} ${facts.values === 1 ? "moves" : "move"} from one row to another and cannot be parked meanwhile (NOT NULL, checked, or referenced); make the constraint deferrable, which PostgreSQL allows where no foreign key refers to it, or leave the table out with --exclude`;
    case "unique_order_unknown":
      return `table ${formatName(facts.table)}: ${plural(facts.values, "row changes", "rows change")} columns of ${formatIdentifier(facts.index)}, whose conflicts only PostgreSQL can tell; if they conflict on the way, the script stops and changes nothing`;
    case "reference_moves":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "row refers", "rows refer")} by ${formatIdentifier(facts.foreignKey)} to values that change, and the reference can neither follow, wait nor be NULL meanwhile; make the foreign key deferrable or ON UPDATE CASCADE`;
    case "reference_respelled":
      return `table ${formatName(facts.table)}: ${plural(facts.rows, "row changes", "rows change")} the spelling of values that ${formatIdentifier(facts.foreignKey)} may refer to, on which PostgreSQL acts (ON UPDATE ${facts.action.toUpperCase()}); if other rows refer to them, the script stops and changes nothing`;
    case "foreign_key_cycle":
      return `${plural(facts.rows, "row")} of ${facts.tables.map(formatName).join(", ")} refer to each other in a circle that nothing breaks: make one of the foreign keys deferrable or one column nullable`;
    case "identity_always_update":
      return `column ${inTable(facts)} is GENERATED ALWAYS AS IDENTITY and differs in ${plural(facts.rows, "row")}: PostgreSQL never updates it; leave it out with --ignore-column`;
    case "production_live":
      return `production is live: ${plural(facts.rows, "row")} would be overwritten or deleted, those that it has changed itself since local was copied from it among them; if anyone wrote there, compare with the dump that local was restored from`;
    case "same_source":
      return facts.kind === "database"
        ? "production and local are the same database, so nothing can differ; name the edited copy with --local"
        : "production and local are the same dump, so nothing can differ; name the edited copy, or a dump of it, with --local";
    case "large_objects":
      return `${plural(facts.count, "large object was", "large objects were")} not compared`;
    case "sequence_differs":
      return `sequence ${formatName(facts.sequence)} is at ${facts.production} in production and ${facts.local} in local; it is not changed`;
    case "sequence_descending":
      return `sequence ${formatName(facts.sequence)} of ${formatName(facts.table)} counts downwards; it is not changed, check it by hand`;
  }
}

function inTable({
  table,
  column,
}: {
  readonly table: TableName;
  readonly column: string;
}): string {
  return `${formatName(table)}.${formatIdentifier(column)}`;
}

/** Column names for a message. */
export function formatColumns(columns: readonly string[]): string {
  return columns.map(formatIdentifier).join(", ");
}
