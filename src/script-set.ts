/**
 * The four scripts of a comparison: what templates, plans and options make together. Opens nothing but the templates.
 */
import { readFile } from "node:fs/promises";
import type { Catalog } from "./catalog/types.ts";
import { invert } from "./changeset/invert.ts";
import type { Policy } from "./changeset/policy.ts";
import type { Changeset } from "./changeset/types.ts";
import type { Finding } from "./findings.ts";
import type { QualifiedName } from "./names.ts";
import type { Plan } from "./order/steps.ts";
import { checksumOf } from "./script/checksum.ts";
import { deployScript } from "./script/deploy.ts";
import { preflightScript } from "./script/preflight-script.ts";
import { type ScriptInput, verifyScript } from "./script/scripts.ts";
import { triggerWrites } from "./script/trigger-writes.ts";

/** What scripts are made from. */
export interface Compared {
  readonly changeset: Changeset;
  readonly production: Catalog;
  readonly findings: readonly Finding[];
  /** Steps of deploy and revert. */
  readonly plans: { readonly deploy: Plan; readonly revert: Plan };
  readonly policy: Policy;
}

export interface ScriptOptions {
  readonly ticket?: string;
  /** Of rowpatch. */
  readonly version: string;
  readonly generatedAt: Date;
  /** The scripts refuse any other database. */
  readonly expectDatabase?: string;
  /** As PostgreSQL takes it, e.g. `5s`; `0` waits without limit. */
  readonly lockTimeout?: string;
  /** The same for a single statement; without it there is no limit. */
  readonly statementTimeout?: string;
  /** Lock all touched tables against other writers before the first step. */
  readonly lockTables?: boolean;
  /** A table that keeps who has run which script; made if it is missing. */
  readonly ledger?: QualifiedName;
  /** Where updated and deleted rows are copied before they change; made if it is missing. */
  readonly backupSchema?: string;
  /** Steps of more rows than this, or of 8 MB, go the set-based way. */
  readonly bulkThreshold?: number;
  /** False: the role may not make temporary tables. */
  readonly temporaryTables?: boolean;
  /** `table` or `table=column`: what triggers that fire may write, left out of the checks. */
  readonly triggerWrites?: readonly string[];
}

/** The four scripts, each a stream that may be made any number of times while the comparison lives. */
export interface ScriptSet {
  readonly deploy: () => AsyncIterable<string>;
  readonly revert: () => AsyncIterable<string>;
  readonly verify: () => AsyncIterable<string>;
  readonly preflight: () => AsyncIterable<string>;
}

/** The scripts of a comparison, as the templates make them. */
export async function scriptSet(comparison: Compared, options: ScriptOptions): Promise<ScriptSet> {
  const [deploy, verify, preflight] = await Promise.all(
    ["deploy", "verify", "preflight"].map(readTemplate),
  );
  const identified = options.ledger !== undefined || options.backupSchema !== undefined;
  const input: ScriptInput = {
    catalog: comparison.production,
    changeset: comparison.changeset,
    plan: comparison.plans.deploy,
    findings: comparison.findings,
    templates: { deploy: deploy ?? "", verify: verify ?? "", preflight: preflight ?? "" },
    name: options.ticket ?? "rowpatch",
    ticket: options.ticket,
    tool: `rowpatch ${options.version}`,
    generatedAt: options.generatedAt,
    expectDatabase: options.expectDatabase,
    lockTimeout: options.lockTimeout ?? "5s",
    statementTimeout: options.statementTimeout ?? "0",
    lockTables: options.lockTables ?? false,
    ledger: options.ledger,
    backupSchema: options.backupSchema,
    checksum: identified ? await checksumOf(comparison.changeset) : "",
    bulk: {
      rows: options.bulkThreshold ?? 1000,
      bytes: 8 * 1024 * 1024,
      temporaryTables: options.temporaryTables ?? true,
    },
    triggerWrites: triggerWrites(comparison.production, options.triggerWrites ?? []),
    disableTriggers: comparison.policy.triggers === "disable",
    disableRules: comparison.policy.rules === "disable",
  };
  const back = { ...input, changeset: invert(comparison.changeset), plan: comparison.plans.revert };
  return {
    deploy: () => deployScript(input, "deploy"),
    revert: () => deployScript(back, "revert"),
    verify: () => verifyScript(input),
    preflight: () => preflightScript(input, back),
  };
}

/** templates/ lies beside src/ and dist/. */
function readTemplate(name: string): Promise<string> {
  return readFile(new URL(`../templates/${name}.sql`, import.meta.url), "utf8");
}
