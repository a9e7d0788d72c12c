/**
 * The stages in order: open both sides, pair their tables, compare them, order the changes; then the scripts.
 */
import { readFile } from "node:fs/promises";
import { comparablePairs } from "./catalog/coverage.ts";
import { type PairOptions, pairCatalogs, type TablePair } from "./catalog/pair.ts";
import { readSides } from "./catalog/sides.ts";
import type { Catalog } from "./catalog/types.ts";
import type { Collected } from "./changeset/collect.ts";
import { collectTables } from "./changeset/collect-tables.ts";
import { expectedRows } from "./changeset/expected-rows.ts";
import { invert } from "./changeset/invert.ts";
import type { Policy } from "./changeset/policy.ts";
import { prepareReading, settleReading } from "./changeset/reading.ts";
import { reviewFindings } from "./changeset/review.ts";
import { raisedSequences } from "./changeset/sequences.ts";
import { spool } from "./changeset/spool.ts";
import type { Changeset } from "./changeset/types.ts";
import { type WhereCondition, whereFilters } from "./changeset/where.ts";
import { workFolder } from "./changeset/work-folder.ts";
import type { Counts } from "./compare/change.ts";
import { ExpectedError } from "./errors.ts";
import { type Finding, finding } from "./findings.ts";
import type { QualifiedName, TableName } from "./names.ts";
import { planSteps } from "./order/plan.ts";
import type { Plan } from "./order/steps.ts";
import { triggerFindings } from "./order/triggers.ts";
import { type ProgressEvent, progressReporter } from "./progress.ts";
import { checksumOf } from "./script/checksum.ts";
import { deployScript } from "./script/deploy.ts";
import { preflightScript } from "./script/preflight-script.ts";
import { type ScriptInput, verifyScript } from "./script/scripts.ts";
import { triggerWrites } from "./script/trigger-writes.ts";
import { holds } from "./sources/dump.ts";
import { openSource } from "./sources/open.ts";
import { finalProvenance } from "./sources/provenance.ts";
import type { Source } from "./sources/source.ts";

export interface CompareRequest extends PairOptions, Policy {
  /** As the user named them: URL, connection string or path. */
  readonly production: string;
  readonly local: string;
  readonly where: readonly WhereCondition[];
  /** Bytes that pairing and sorting may hold. */
  readonly memory: number;
  /** Connections to each live side, and tables compared at a time; one unless told. The result does not depend on it. */
  readonly jobs?: number;
  /** Parent of the working folder, which is removed in the end. */
  readonly tempDirectory: string;
  /** Of a dump with several databases: which one. */
  readonly database?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

/** A table that was compared. */
export interface ComparedTable {
  readonly table: TableName;
  readonly key: readonly string[] | undefined;
  readonly counts: Counts;
  readonly withheld: Counts;
  readonly rows: { readonly production: number; readonly local: number };
}

/** What a comparison found. Holds files until it is disposed of. */
export interface Comparison extends AsyncDisposable {
  readonly changeset: Changeset;
  readonly production: Catalog;
  readonly local: Catalog;
  readonly findings: readonly Finding[];
  /** By name. */
  readonly tables: readonly ComparedTable[];
  /** Steps of deploy and revert. */
  readonly plans: { readonly deploy: Plan; readonly revert: Plan };
  readonly policy: Policy;
}

/**
 * Compares two sides. The caller disposes of the result, which removes its files; sources are closed before it returns.
 *
 * @throws ExpectedError for everything foreseen; nothing stays behind.
 */
export async function compare(request: CompareRequest): Promise<Comparison> {
  const folder = await workFolder(request.tempDirectory);
  const directory = folder.path;
  const remove = () => folder[Symbol.asyncDispose]();
  try {
    const progress = progressReporter(request.onProgress);
    progress({ kind: "opening" });
    const { jobs = 1 } = request;
    const options = {
      ...request,
      tempDirectory: directory,
      several: jobs > 1,
      mayHoldAnother: true,
    };
    await using opened = await openSource(request.production, options);
    await using other = await openSource(request.local, options);
    demandDatabase(request, [opened, other]);
    const sides = await readSides({ production: opened, local: other });
    const { production, local, catalogs } = sides;
    const pairing = pairCatalogs(catalogs.production, catalogs.local, request);
    const filters = whereFilters(request.where, pairing.pairs, sides);
    const { pairs, findings } = comparablePairs(pairing, sides);
    const expected = request.onProgress
      ? { expectedRows: await expectedRows(pairs, sides) }
      : undefined;
    const { workers, bytes } = await prepareReading(pairs, sides, jobs);
    // A dump's digest is made while its rows are compared, which mostly waits for servers and other threads.
    const provenance = Promise.all([finalProvenance(production), finalProvenance(local)]);
    provenance.catch(() => undefined);
    const store = spool(directory, request.memory / 4 / workers);
    const collected = await collectTables({
      pairs,
      sides,
      filters,
      policy: request,
      spool: store,
      directory,
      memory: request.memory,
      workers,
      bytes,
      progress,
      ...expected,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    await settleReading(sides);
    progress({ kind: "ordering", tables: { done: pairs.length, of: pairs.length } });
    const sequences = await raisedSequences(sides, collected.byPair);
    const [productionProvenance, localProvenance] = await provenance;
    const changeset = store.changeset({
      sequences: sequences.targets,
      production: productionProvenance,
      local: localProvenance,
    });
    const reviewed = await reviewFindings({
      changeset,
      catalogs,
      sources: { production, local },
      pairs,
      filtered: new Set(filters.keys()),
    });
    const filtered = [...filters].map(([pair, where]) =>
      finding({ code: "filtered", table: pair.name, where }),
    );
    const deploy = await planSteps(catalogs.production, changeset);
    const revert = await planSteps(catalogs.production, invert(changeset));
    const triggers = await triggerFindings(catalogs.production, changeset.tables, {
      plans: { deploy: deploy.plan, revert: revert.plan },
      answer: request.triggers,
    });
    return {
      changeset,
      ...catalogs,
      findings: [
        ...sides.findings,
        ...filtered,
        ...findings,
        ...collected.findings,
        ...triggers,
        ...sequences.findings,
        ...reviewed,
        ...deploy.findings,
        ...revert.findings.filter((found) => !deploy.findings.some(same(found))),
      ],
      tables: pairs.map((pair) => comparedTable(pair, collected.byPair.get(pair))),
      plans: { deploy: deploy.plan, revert: revert.plan },
      policy: request,
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    if (request.signal?.aborted) throw new ExpectedError({ code: "interrupted" }, { cause: error });
    throw error;
  }
}

/** The database that was named must be in one of the dumps: the other may be a copy under another name. */
function demandDatabase(
  { database: wanted, production: path }: CompareRequest,
  sources: readonly Source[],
): void {
  if (wanted === undefined || sources.some((source) => holds(source, wanted))) return;
  const databases = sources.flatMap(({ provenance }) => provenance.database ?? []);
  throw new ExpectedError({ code: "several_databases", path, databases, wanted });
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

/** The scripts of a comparison. Whether blocking findings allow them is for the caller to ask. */
export async function makeScripts(
  comparison: Comparison,
  options: ScriptOptions,
): Promise<ScriptSet> {
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

function comparedTable(pair: TablePair, collected: Collected | undefined): ComparedTable {
  if (!collected) throw new Error("a compared table has no result");
  const { counts, withheld, rows } = collected;
  return { table: pair.name, key: pair.key, counts, withheld, rows };
}

function same(a: Finding): (b: Finding) => boolean {
  return (b) => a.message === b.message;
}
