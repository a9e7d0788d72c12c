/**
 * Findings of the review of a changeset: what would fail, or happen unseen, when its scripts run. Facts, severity and prose.
 */
import { formatIdentifier, formatName, plural, printable, type TableName } from "../names.ts";

type InTable = { readonly table: TableName };
type InColumn = InTable & { readonly column: string };

/** What was found, by code. */
export type ReviewFacts =
  | (InTable & {
      readonly code: "no_replica_identity";
      readonly publications: readonly string[];
      readonly statements: readonly ("update" | "delete")[];
    })
  | (InTable & {
      readonly code: "no_replica_identity_back";
      readonly publications: readonly string[];
      readonly statements: readonly ("update" | "delete")[];
    })
  | (InTable & { readonly code: "published"; readonly publications: readonly string[] })
  | (InTable & { readonly code: "subscribed"; readonly subscriptions: readonly string[] })
  | { readonly code: "subscriptions"; readonly subscriptions: readonly string[] }
  | { readonly code: "replication_slots"; readonly slots: readonly string[] }
  | (InTable & { readonly code: "constraint_not_valid"; readonly constraints: readonly string[] })
  | (InTable & { readonly code: "check_unstable"; readonly constraints: readonly string[] })
  | (InColumn & { readonly code: "large_object_column"; readonly rows: number })
  | (InColumn & { readonly code: "cluster_values"; readonly type: string; readonly rows: number })
  | (InColumn & {
      readonly code: "enum_label_missing";
      readonly type: string;
      readonly labels: readonly string[];
      readonly rows: number;
    })
  | (InColumn & { readonly code: "null_refused"; readonly rows: number })
  | (InColumn & { readonly code: "column_default"; readonly expression: string })
  | (InColumn & {
      readonly code: "column_not_restored";
      readonly rows: number;
      /** It takes no NULL and has no default. */
      readonly required: boolean;
    })
  | (InColumn & {
      readonly code: "generated_differs";
      readonly production: string;
      readonly local: string;
    })
  | (InColumn & {
      readonly code: "type_differs" | "type_checks_differ";
      readonly type: string;
      readonly production: string;
      readonly local: string;
    })
  | (InColumn & {
      readonly code: "not_encodable";
      readonly encoding: string;
      readonly rows: number;
    })
  | {
      readonly code: "encoding_unchecked";
      readonly production: string;
      readonly local: string;
    }
  | (InTable & { readonly code: "partition_missing"; readonly rows: number; readonly row: string })
  | (InTable & { readonly code: "partition_only_local"; readonly partitions: readonly TableName[] })
  | (InTable & {
      readonly code: "blast_radius";
      readonly child: TableName;
      readonly constraint: string;
      readonly event: "delete" | "update";
      readonly action: string;
      readonly rows: number;
    })
  | (InTable & {
      readonly code: "blast_radius_unknown";
      readonly child: TableName;
      readonly constraint: string;
      readonly reason: string;
    })
  | (InTable & {
      readonly code: "parents_missing";
      readonly parent: TableName;
      readonly constraint: string;
      readonly rows: number;
      /** What one of them refers to. */
      readonly values: readonly string[];
    })
  | (InTable & {
      readonly code: "parents_unknown";
      readonly parent: TableName;
      readonly constraint: string;
      readonly rows: number;
      readonly reason: string;
    })
  | (InTable & { readonly code: "deletes_all"; readonly rows: number })
  | { readonly code: "many_locks"; readonly relations: number; readonly slots: number }
  | { readonly code: "hooks"; readonly libraries: readonly string[] }
  | {
      readonly code: "collation_version";
      readonly in: "production" | "local";
      readonly collations: readonly string[];
    }
  | { readonly code: "prepared_transactions"; readonly names: readonly string[] }
  | { readonly code: "materialized_views"; readonly views: readonly TableName[] };

/** How grave each is. */
export const REVIEW_SEVERITY: Readonly<
  Record<ReviewFacts["code"], "notice" | "warning" | "blocking">
> = {
  no_replica_identity: "blocking",
  no_replica_identity_back: "warning",
  published: "notice",
  subscribed: "blocking",
  subscriptions: "warning",
  replication_slots: "notice",
  constraint_not_valid: "notice",
  check_unstable: "notice",
  large_object_column: "blocking",
  cluster_values: "warning",
  enum_label_missing: "blocking",
  null_refused: "blocking",
  column_default: "notice",
  column_not_restored: "warning",
  generated_differs: "warning",
  type_differs: "blocking",
  type_checks_differ: "warning",
  not_encodable: "blocking",
  encoding_unchecked: "warning",
  partition_missing: "blocking",
  partition_only_local: "warning",
  blast_radius: "blocking",
  blast_radius_unknown: "warning",
  parents_missing: "blocking",
  parents_unknown: "warning",
  deletes_all: "warning",
  many_locks: "warning",
  hooks: "notice",
  collation_version: "warning",
  prepared_transactions: "warning",
  materialized_views: "notice",
};

/** Whether these are facts of a review. */
export function isReview(facts: { readonly code: string }): facts is ReviewFacts {
  return Object.hasOwn(REVIEW_SEVERITY, facts.code);
}

/** The prose. */
export function describeReview(facts: ReviewFacts): string {
  switch (facts.code) {
    case "no_replica_identity":
      return `table ${formatName(facts.table)} is published (${names(facts.publications)}) and has no replica identity, so PostgreSQL refuses its ${facts.statements.join("s and ")}s; run ALTER TABLE ... REPLICA IDENTITY FULL in production, or leave the table out with --exclude`;
    case "no_replica_identity_back":
      return `table ${formatName(facts.table)} is published (${names(facts.publications)}) and has no replica identity: revert.sql would fail at its ${facts.statements.join("s and ")}s; run ALTER TABLE ... REPLICA IDENTITY FULL in production`;
    case "published":
      return `table ${formatName(facts.table)} is published (${names(facts.publications)}): its changes go to subscribers and change-data consumers`;
    case "subscribed":
      return `table ${formatName(facts.table)} is filled by a subscription (${names(facts.subscriptions)}): its publisher may overwrite the changes; make them at the publisher, and leave the table out with --exclude`;
    case "subscriptions":
      return `production has subscriptions (${names(facts.subscriptions)}), and the dump does not tell which tables they fill: changes to those may be overwritten by the publisher`;
    case "replication_slots":
      return `production has replication slots (${names(facts.slots)}): they keep and pass on everything that the script writes`;
    case "constraint_not_valid":
      return `table ${formatName(facts.table)} has constraints that existing rows may violate (${names(facts.constraints)}); if a changed row does, the script stops and changes nothing`;
    case "check_unstable":
      return `table ${formatName(facts.table)} has checks whose outcome depends on time, session or functions (${names(facts.constraints)}); if they refuse a row on the day, the script stops and changes nothing`;
    case "large_object_column":
      return `column ${inTable(facts)} holds numbers of large objects in ${plural(facts.rows, "changed row")}, and large objects are not carried: the numbers mean other objects in production; leave the column out with --ignore-column`;
    case "cluster_values":
      return `column ${inTable(facts)} (${facts.type}) differs in ${plural(facts.rows, "row")}; such values mean something only in the database where they arose`;
    case "enum_label_missing":
      return `column ${inTable(facts)} takes labels that production's ${facts.type} does not have (${names(facts.labels)}) in ${plural(facts.rows, "row")}; run ALTER TYPE ... ADD VALUE in production first, in a transaction of its own`;
    case "null_refused":
      return `column ${inTable(facts)} becomes NULL in ${plural(facts.rows, "row")}, which production's NOT NULL refuses; fill it locally, or leave the column out with --ignore-column`;
    case "column_default":
      return `column ${inTable(facts)} exists only in production; inserted rows take its default ${printable(facts.expression)}`;
    case "column_not_restored":
      return `column ${inTable(facts)} is not compared, so the script deletes its values in ${plural(facts.rows, "row")} unseen, and revert.sql ${facts.required ? "fails, for it takes no NULL and has no default" : "cannot bring them back"}; keep a dump, or answer with --deletes withhold`;
    case "generated_differs":
      return `column ${inTable(facts)} is generated as ${printable(facts.production)} in production and ${printable(facts.local)} in local; its values will differ`;
    case "type_differs":
      return `column ${inTable(facts)}: type ${facts.type} is ${printable(facts.production)} in production and ${printable(facts.local)} in local; bring the types together, or leave the column out with --ignore-column`;
    case "type_checks_differ":
      return `column ${inTable(facts)}: ${facts.type} demands ${printable(facts.production)} in production and ${printable(facts.local)} in local; if production refuses a value, the script stops and changes nothing`;
    case "not_encodable":
      return `column ${inTable(facts)} takes values in ${plural(facts.rows, "row")} that production's encoding ${facts.encoding} cannot hold; change them locally, or leave the column out with --ignore-column`;
    case "encoding_unchecked":
      return `production is in ${facts.production} and local in ${facts.local}; whether production can hold every value was not checked: if not, the script stops and changes nothing`;
    case "partition_missing":
      return `table ${formatName(facts.table)}: production has no partition for ${plural(facts.rows, "row")} (the first: ${printable(facts.row)}); create it there first`;
    case "partition_only_local":
      return `table ${formatName(facts.table)}: partitions exist only in local (${facts.partitions.map(formatName).join(", ")}); if production has none for their rows, the script stops and changes nothing`;
    case "blast_radius":
      return `table ${formatName(facts.table)}: rows that are ${facts.event}d are referred to by ${plural(facts.rows, "row")} of ${formatName(facts.child)} that this changeset does not carry (${formatIdentifier(facts.constraint)}); ${OUTCOME[facts.action] ?? "PostgreSQL would refuse"}, so the script would stop; compare ${formatName(facts.child)} with its ${facts.event}s too, or leave ${formatName(facts.table)} out with --exclude`;
    case "blast_radius_unknown":
      return `table ${formatName(facts.table)}: whether rows of ${formatName(facts.child)} refer to deleted or changed rows (${formatIdentifier(facts.constraint)}) is not known: ${facts.reason}; if so, the script stops and changes nothing`;
    case "parents_missing":
      return `table ${formatName(facts.table)}: ${facts.rows === 1 ? "1 row refers" : `${facts.rows} rows refer`} by ${formatIdentifier(facts.constraint)} to rows of ${formatName(facts.parent)} that production does not have and that were not compared, such as (${facts.values.map(printable).join(", ")}); compare ${formatName(facts.parent)} too, or leave the table out with --exclude`;
    case "parents_unknown":
      return `table ${formatName(facts.table)}: whether production has the rows of ${formatName(facts.parent)} that ${facts.rows === 1 ? "1 row refers" : `${facts.rows} rows refer`} to (${formatIdentifier(facts.constraint)}) is not known: ${facts.reason}; preflight.sql asks it`;
    case "deletes_all":
      return `table ${formatName(facts.table)}: ${facts.rows === 1 ? "the one row" : `all ${facts.rows} rows`} that production has would be deleted; is local complete?`;
    case "many_locks":
      return `the script locks about ${facts.relations} tables and indexes, and the server has room for ${facts.slots} locks in all sessions together; raise max_locks_per_transaction if it stops with "out of shared memory"`;
    case "hooks":
      return `production loads ${names(facts.libraries)}, which may mask or log what is read and written`;
    case "collation_version":
      return `${facts.in} has collations made with another version of its operating system (${names(facts.collations)}): unique indexes on text may miss rows; run REINDEX and ALTER COLLATION ... REFRESH VERSION there`;
    case "prepared_transactions":
      return `production has prepared transactions (${names(facts.names)}), which keep their locks; if they hold rows of the changeset, the script stops at its lock_timeout`;
    case "materialized_views":
      return `materialized views keep their old content until REFRESH MATERIALIZED VIEW: ${facts.views.map(formatName).join(", ")}`;
  }
}

const OUTCOME: Readonly<Record<string, string>> = {
  cascade: "CASCADE would carry on to them",
  "set null": "SET NULL would change them",
  "set default": "SET DEFAULT would change them",
};

function inTable({ table, column }: InColumn): string {
  return `${formatName(table)}.${formatIdentifier(column)}`;
}

/** At most this many names in one message. */
const NAMED = 10;

function names(all: readonly string[]): string {
  const shown = all.slice(0, NAMED).map(formatIdentifier);
  return [...shown, ...(all.length > NAMED ? [`${all.length - NAMED} more`] : [])].join(", ");
}
