/**
 * The comparison as JSON for machines: `summary.json` of a bundle and `diff --json`. The format is a contract: see README, "summary.json".
 */

import { type Changeset, NO_CHANGES } from "../changeset/types.ts";
import type { Counts } from "../compare/change.ts";
import { bySeverity } from "../findings/severity.ts";
import type { Finding } from "../findings.ts";
import type { TableName } from "../names.ts";
import type { Provenance } from "../sources/source.ts";

/** A table that was compared, changed or not. */
export interface SummaryTable {
  readonly table: TableName;
  /** The columns that rows were paired by; `undefined` for a table compared as whole lines. */
  readonly key: readonly string[] | undefined;
  readonly counts: Counts;
  readonly withheld: Counts;
  readonly rows: { readonly production: number; readonly local: number };
}

/** How the scripts were made, as far as a rehearsal must know. */
export interface SummaryOptions {
  /** The only database in which the scripts run. */
  readonly expectDatabase?: string;
  /** `table` or `table=column`: what triggers may write. */
  readonly triggerWrites?: readonly string[];
  /** The table that notes each run. */
  readonly ledger?: TableName;
  /** Where the touched rows are copied to. */
  readonly backupSchema?: string;
}

/** What the summary and the report are made of. */
export interface SummaryFacts extends SummaryOptions {
  readonly ticket?: string;
  /** Of rowpatch. */
  readonly version: string;
  readonly generatedAt: Date;
  readonly changeset: Changeset;
  /** Every table compared, by name. */
  readonly tables: readonly SummaryTable[];
  readonly findings: readonly Finding[];
}

export interface Totals {
  readonly compared: number;
  readonly changed: number;
  readonly counts: Counts;
  readonly withheld: Counts;
}

export interface Summary {
  readonly format: "rowpatch.summary";
  readonly version: 1;
  readonly madeBy: string;
  readonly madeAt: string;
  readonly ticket?: string;
  readonly production: Provenance;
  readonly local: Provenance;
  readonly totals: Totals;
  readonly tables: readonly (Omit<SummaryTable, "key"> & {
    readonly key: readonly string[] | null;
  })[];
  readonly sequences: Changeset["sequences"];
  readonly findings: readonly Finding[];
  /** Only where one of them is set. */
  readonly options?: SummaryOptions;
}

/** The summary: tables by name, findings blocking first. */
export function summaryOf(facts: SummaryFacts): Summary {
  return {
    format: "rowpatch.summary",
    version: 1,
    madeBy: `rowpatch ${facts.version}`,
    madeAt: facts.generatedAt.toISOString(),
    ...(facts.ticket === undefined ? {} : { ticket: facts.ticket }),
    production: facts.changeset.production,
    local: facts.changeset.local,
    totals: totals(facts.tables),
    tables: facts.tables.map(({ table, key, counts, withheld, rows }) => {
      return { table, key: key ?? null, rows, counts, withheld };
    }),
    sequences: facts.changeset.sequences,
    findings: bySeverity(facts.findings),
    ...optionsOf(facts),
  };
}

function optionsOf(facts: SummaryOptions): Pick<Summary, "options"> {
  const { expectDatabase, triggerWrites = [], ledger, backupSchema } = facts;
  const options = {
    ...(expectDatabase === undefined ? {} : { expectDatabase }),
    ...(triggerWrites.length === 0 ? {} : { triggerWrites }),
    ...(ledger === undefined ? {} : { ledger }),
    ...(backupSchema === undefined ? {} : { backupSchema }),
  };
  return Object.keys(options).length === 0 ? {} : { options };
}

/** As it stands in a file: indented, one final line end. */
export function summaryText(facts: SummaryFacts): string {
  return `${JSON.stringify(summaryOf(facts), null, 2)}\n`;
}

/** Sums over tables. A table with nothing but withheld changes counts as changed. */
export function totals(tables: readonly SummaryTable[]): Totals {
  const sum = (a: Counts, b: Counts): Counts => ({
    insert: a.insert + b.insert,
    update: a.update + b.update,
    delete: a.delete + b.delete,
  });
  return {
    compared: tables.length,
    changed: tables.filter(isChanged).length,
    counts: tables.map(({ counts }) => counts).reduce(sum, NO_CHANGES),
    withheld: tables.map(({ withheld }) => withheld).reduce(sum, NO_CHANGES),
  };
}

/** Whether the sides differ in this table. */
export function isChanged({
  counts,
  withheld,
}: Pick<SummaryTable, "counts" | "withheld">): boolean {
  return [counts, withheld].some((kinds) => kinds.insert + kinds.update + kinds.delete > 0);
}
