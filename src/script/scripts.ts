/**
 * The script that verifies, and what all four are made from. Everything streams; nothing here opens a file.
 */
import type { Catalog } from "../catalog/types.ts";
import { withLongTexts } from "../changeset/long-texts.ts";
import type { Changeset } from "../changeset/types.ts";
import { totalOf } from "../changeset/types.ts";
import type { Finding } from "../findings.ts";
import type { QualifiedName, TableName } from "../names.ts";
import type { Plan } from "../order/steps.ts";
import type { BulkOptions } from "./bulk.ts";
import { checkAll, fillLoads, planLoads } from "./checks.ts";
import { header } from "./header.ts";
import { readingNeeds } from "./needs.ts";
import {
  environmentGuard,
  pinnedSettings,
  privilegeGuard,
  type SessionOptions,
} from "./prologue.ts";
import { shapeGuards } from "./shape.ts";
import { LONG_WRITERS, literal } from "./sql.ts";
import { driftRefusal, stateCheck } from "./state-check.ts";
import { scriptTables, type TriggerColumns } from "./table.ts";
import { fill } from "./template.ts";

/** Texts of templates/, handed in by who may read files. */
export interface Templates {
  readonly deploy: string;
  readonly verify: string;
  readonly preflight: string;
}

export interface ScriptInput {
  readonly catalog: Catalog;
  readonly changeset: Changeset;
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly templates: Templates;
  /** Names the run in messages; the ticket where there is one. */
  readonly name: string;
  readonly ticket: string | undefined;
  readonly tool: string;
  readonly generatedAt: Date;
  readonly expectDatabase: string | undefined;
  /** PostgreSQL intervals such as `5s`; `0` is without limit. */
  readonly lockTimeout: string;
  readonly statementTimeout: string;
  /** Lock every touched table against other writers before the first step. */
  readonly lockTables: boolean;
  readonly ledger: QualifiedName | undefined;
  readonly backupSchema: string | undefined;
  /** SHA-256 of the changeset, the same in both directions; only ledger and backup ask for it. */
  readonly checksum: string;
  readonly bulk: BulkOptions;
  readonly disableTriggers: boolean;
  readonly disableRules: boolean;
  /** What triggers that fire may write: left out of the checks. */
  readonly triggerWrites: TriggerWrites;
}

export interface TriggerWrites {
  readonly columns: (table: TableName, column: string) => boolean;
  /** Tables that may have any effects. */
  readonly tables: readonly TableName[];
  /** As the user named them. */
  readonly named: readonly string[];
}

/** What the scripts set for their transaction. */
export function sessionOptions(input: ScriptInput): SessionOptions {
  const { lockTimeout, statementTimeout, ticket } = input;
  const name = ticket === undefined ? "rowpatch" : `rowpatch ${ticket}`;
  // PostgreSQL keeps so much of it, and warns of what it cuts.
  const applicationName = name.replace(/[^ -~]/g, "?").slice(0, 63);
  return { lockTimeout, statementTimeout, applicationName };
}

/** Before a revert, triggers have written those columns in the deploy. */
export function triggerColumns(
  { triggerWrites }: ScriptInput,
  direction: "deploy" | "revert",
): TriggerColumns {
  return {
    matches: triggerWrites.columns,
    checked: { before: direction === "deploy", after: false },
  };
}

const AFTER = { before: false, after: true };

/** The state check alone, read-only. */
export function verifyScript(input: ScriptInput): AsyncIterable<string> {
  return withLongTexts(verifyText(input), input.changeset.longTexts, LONG_WRITERS);
}

async function* verifyText(input: ScriptInput): AsyncGenerator<string> {
  const tables = scriptTables(
    input.catalog,
    input.changeset.tables,
    triggerColumns(input, "deploy"),
  );
  const touched = [...tables.values()].filter(({ changed }) => totalOf(changed.counts) > 0);
  const loads = planLoads(input.changeset, touched, { options: input.bulk, sides: AFTER });
  yield* fill(input.templates.verify, {
    header: header({
      ...input,
      title: "Checks, read-only, that every change of deploy.sql is in place.",
      tables: touched,
      findings: [],
      notes: ["reads only; needs SELECT on the tables above"],
      run: ['run          psql -X -v ON_ERROR_STOP=1 -f verify.sql "$URL"'],
    }),
    settings: pinnedSettings(sessionOptions(input)),
    guards: [
      environmentGuard(input.expectDatabase, false),
      privilegeGuard(readingNeeds(touched, loads.size > 0)),
    ],
    shape: shapeGuards(
      input.catalog,
      touched.map(({ catalog }) => catalog),
    ),
    load: fillLoads(loads.values()),
    state: checkAll(input.changeset, touched, { loads, check: stateCheck, sides: AFTER }),
    drift: driftRefusal({ message: "not in place" }),
    name: literal(input.name),
  });
}
