/**
 * Every failure that rowpatch foresees, with what is wrong, where, and what to do. Whatever else is thrown is a bug.
 */

import { formatName, printable, type TableName } from "./names.ts";

/** A code to branch on, and the facts that a reader needs. Nobody matches message text. */
export type Failure =
  | { readonly code: "usage"; readonly message: string }
  | { readonly code: "source_missing"; readonly path: string }
  | { readonly code: "source_empty"; readonly path: string }
  | {
      readonly code: "not_a_dump";
      readonly path: string;
      readonly reason: string;
      /** Absent where a new dump is it. */
      readonly remedy?: string;
    }
  | {
      readonly code: "dump_unsupported";
      readonly path: string;
      readonly what: string;
      readonly remedy: string;
    }
  | {
      readonly code: "dump_damaged";
      readonly path: string;
      readonly where: string;
      readonly reason: string;
    }
  | {
      readonly code: "several_databases";
      readonly path: string;
      readonly databases: readonly string[];
      /** The database asked for, which the file does not hold. */
      readonly wanted?: string;
    }
  | {
      readonly code: "ddl_unreadable";
      readonly path: string;
      readonly place: string;
      readonly reason: string;
    }
  | { readonly code: "connection_string"; readonly reason: string }
  | {
      readonly code: "connection";
      readonly display: string;
      readonly reason: string;
      readonly remedy: string;
    }
  | { readonly code: "server_unsupported"; readonly display: string; readonly version: string }
  | {
      readonly code: "query";
      readonly display: string;
      readonly doing: string;
      readonly sqlState: string;
      readonly reason: string;
      readonly hint?: string;
    }
  /** Truncated or rewritten after the snapshot was taken: it would read as empty. */
  | { readonly code: "table_replaced"; readonly display: string; readonly table: string }
  | { readonly code: "output_exists"; readonly path: string }
  | { readonly code: "output_foreign"; readonly path: string; readonly names: readonly string[] }
  | {
      readonly code: "file_system";
      readonly path: string;
      readonly doing: string;
      readonly reason: string;
    }
  | { readonly code: "nothing_compared"; readonly reason: string }
  /** Both dumps hold data only. */
  | { readonly code: "definitions_missing"; readonly production: string; readonly local: string }
  /** Rows that do not have the fields that their table has columns. */
  | {
      readonly code: "row_width";
      readonly table?: TableName;
      readonly side?: "production" | "local";
      readonly reason: string;
    }
  /** A row that does not fit into memory or into what a text can be long, or one that PostgreSQL would not take back. */
  | {
      readonly code: "row_too_large";
      readonly table: TableName;
      readonly for: "comparison" | "script";
      readonly reason: string;
    }
  /** `form` is the value with each digit as 9. */
  | { readonly code: "money_locale"; readonly form: string }
  /** A folder that cannot be rehearsed. */
  | { readonly code: "bundle"; readonly path: string; readonly reason: string }
  /** Files of a bundle that are not as `MANIFEST` lists them. */
  | { readonly code: "bundle_changed"; readonly path: string; readonly names: readonly string[] }
  /** No server to rehearse on, or one that cannot hold production. */
  | { readonly code: "scratch"; readonly reason: string; readonly remedy: string }
  | { readonly code: "interrupted" };

/** A foreseen failure. */
export class ExpectedError extends Error {
  override readonly name = "ExpectedError";
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(describeFailure(failure), options);
    this.failure = failure;
  }
}

function describeFailure(failure: Failure): string {
  switch (failure.code) {
    case "usage":
      return failure.message;
    case "source_missing":
      return `${failure.path} does not exist; name a dump file, a postgres:// URL or a connection string such as ${/^\w+$/.test(failure.path) ? `dbname=${failure.path}` : "service=prod"}`;
    case "source_empty":
      return `${failure.path} is empty; a dump that pg_dump finished is never empty: make it again`;
    case "not_a_dump":
      return `${failure.path} is not a PostgreSQL dump: ${failure.reason}; ${failure.remedy ?? "make one with pg_dump -Fc or plain pg_dump"}`;
    case "dump_unsupported":
      return `${failure.path} is ${failure.what}, which rowpatch does not read; ${failure.remedy}`;
    case "dump_damaged":
      return `${failure.path} is damaged at ${failure.where}: ${failure.reason}; copy the file again or make a new dump`;
    case "several_databases":
      return `${failure.path} ${failure.wanted === undefined ? "holds several databases" : `does not hold the database ${JSON.stringify(failure.wanted)}`}; name one of: ${failure.databases.map((name) => JSON.stringify(name)).join(", ")}`;
    case "ddl_unreadable":
      return `${failure.path}, ${failure.place}: PostgreSQL's parser does not read this statement: ${failure.reason}`;
    case "connection_string":
      return `this connection string cannot be read: ${failure.reason}; write postgres://user@host/database or host=... dbname=...`;
    case "connection":
      return `cannot connect to ${failure.display}: ${failure.reason}; ${failure.remedy}`;
    case "server_unsupported":
      return `${failure.display} runs PostgreSQL ${failure.version}; rowpatch reads live servers from version 13 on: make a dump with pg_dump instead`;
    case "query":
      return `${failure.display}: ${failure.doing} failed: ${failure.reason} (SQLSTATE ${failure.sqlState})${failure.hint ? `; ${failure.hint}` : ""}`;
    case "table_replaced":
      return `${failure.display}: ${failure.table} was truncated, rewritten or replaced just now, so that its rows cannot be read as they were; run the command again`;
    case "output_exists":
      return `${failure.path} exists already; choose another folder with --out or --ticket, or replace it with --force`;
    case "output_foreign":
      return `${failure.path} holds what no bundle holds (${printable(failure.names.slice(0, 3).join(", "))}${failure.names.length > 3 ? ", ..." : ""}) and is not replaced; move it away or choose another folder with --out`;
    case "file_system":
      return `${failure.doing} ${failure.path} failed: ${failure.reason}`;
    case "nothing_compared":
      return `nothing was compared: ${failure.reason}`;
    case "definitions_missing":
      return `neither ${failure.production} nor ${failure.local} says what its tables are: both hold data only; make one of them without --data-only`;
    case "row_width":
      return `a row${failure.table ? ` of ${formatName(failure.table)}` : ""}${failure.side ? ` in ${failure.side}` : ""} has other fields than its table has columns: ${failure.reason}; if it comes from a dump, the dump is damaged: make it again`;
    case "row_too_large":
      return `${formatName(failure.table)} has a row that is too large ${failure.for === "comparison" ? "to be compared" : "for a script"}: ${failure.reason}; leave the large column out with --ignore-column, or the table with --exclude`;
    case "money_locale":
      return `a money value of the form ${printable(failure.form)} was printed under another lc_monetary than C or en_US, and only the server knows its value; make the dump again with PGOPTIONS="-c lc_monetary=C"`;
    case "bundle":
      return `${failure.path} cannot be rehearsed: ${failure.reason}`;
    case "bundle_changed":
      return `${failure.path} is not as its MANIFEST says: ${failure.names.map((name) => printable(name)).join(", ")}; write the bundle again, or review the change and renew MANIFEST`;
    case "scratch":
      return `${failure.reason}; ${failure.remedy}`;
    case "interrupted":
      return "interrupted; nothing was written";
  }
}
