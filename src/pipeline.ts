/**
 * The stages in order: open both sides, pair their tables, compare them, order the changes; then the scripts.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { missingData, undefinedTables } from "./catalog/coverage.ts";
import {
  constrainedColumns,
  type PairOptions,
  pairCatalogs,
  type TablePair,
} from "./catalog/pair.ts";
import { matchesTable } from "./catalog/patterns.ts";
import { readSides, type Sides } from "./catalog/sides.ts";
import type { Catalog } from "./catalog/types.ts";
import { type Collected, collectChanges, collectKeyless } from "./changeset/collect.ts";
import { invert } from "./changeset/invert.ts";
import { type Policy, policyFindings } from "./changeset/policy.ts";
import { reviewFindings } from "./changeset/review.ts";
import { freeSequenceFindings, sequencesOf, sequenceTargets } from "./changeset/sequences.ts";
import { spillFiles } from "./changeset/spill-files.ts";
import { spool } from "./changeset/spool.ts";
import type { Changeset, SequenceTarget } from "./changeset/types.ts";
import type { Counts } from "./compare/change.ts";
import { ExpectedError } from "./errors.ts";
import { type Finding, finding } from "./findings.ts";
import { nameKey, type TableName } from "./names.ts";
import { planSteps } from "./order/plan.ts";
import type { Plan } from "./order/steps.ts";
import {
  deployScript,
  preflightScript,
  type ScriptInput,
  type TriggerWrites,
  verifyScript,
} from "./script/scripts.ts";
import { isConnection, openSource } from "./sources/open.ts";
import type { Source } from "./sources/source.ts";

export interface CompareRequest extends PairOptions, Policy {
  /** As the user named them: URL, connection string or path. */
  readonly production: string;
  readonly local: string;
  readonly where: readonly { readonly table: string; readonly sql: string }[];
  /** Bytes that pairing and sorting may hold. */
  readonly memory: number;
  /** Parent of the working folder, which is removed in the end. */
  readonly tempDirectory: string;
  /** Of a dump with several databases: which one. */
  readonly database?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

export interface ProgressEvent {
  readonly kind: "opening" | "comparing" | "ordering";
  readonly table?: TableName;
  readonly tables: { readonly done: number; readonly of: number };
  /** Bytes of rows read so far, both sides. */
  readonly bytes: number;
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
  const directory = await mkdtemp(join(request.tempDirectory, "rowpatch-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const progress = reporter(request);
    progress({ kind: "opening" });
    const options = { ...request, tempDirectory: directory };
    await using opened = await openSource(request.production, options);
    await using other = await openSource(request.local, options);
    const sides = await readSides({ production: opened, local: other });
    const { production, local, catalogs } = sides;
    const pairing = pairCatalogs(catalogs.production, catalogs.local, request);
    const filters = whereFilters(request, pairing.pairs);
    const store = spool(directory, request.memory / 4);
    const collected = new Map<TablePair, Collected>();
    const findings: Finding[] = [
      ...sides.findings,
      ...pairing.findings,
      ...undefinedTables(sides, catalogs),
    ];
    const present = pairing.pairs.filter((pair) => {
      const gap = missingData(pair, { production, local }, catalogs);
      if (gap !== undefined)
        findings.push(finding({ code: "not_compared", table: pair.name, reason: gap }));
      return gap === undefined;
    });
    if (present.length === 0)
      throw new ExpectedError({ code: "nothing_compared", reason: nothingReason(findings, sides) });
    for (const [done, pair] of readingOrder(present, production).entries()) {
      request.signal?.throwIfAborted();
      progress({ kind: "comparing", table: pair.name, tables: { done, of: present.length } });
      const where = filters.get(pair);
      const collect = pair.key ? collectChanges : collectKeyless;
      const result = await collect({
        pair,
        production,
        local,
        catalog: catalogs.production,
        context: constrainedColumns(catalogs.production, pair),
        sequenceColumns: sequencesOf(catalogs.production, pair.production).map(
          ({ column }) => column,
        ),
        ...(where === undefined ? {} : { where }),
        withholdDeletes: request.deletes === "withhold",
        spool: store,
        pairing: {
          memoryBudget: request.memory,
          spill: spillFiles(directory, `pending${done}`),
          ...(request.signal ? { signal: request.signal } : {}),
          onRead: (_side, bytes) =>
            progress(
              { kind: "comparing", table: pair.name, tables: { done, of: present.length } },
              bytes,
            ),
        },
      });
      collected.set(pair, result);
      findings.push(
        ...result.findings,
        ...policyFindings(catalogs.production, pair, { counts: result.counts, policy: request }),
      );
    }
    progress({ kind: "ordering", tables: { done: present.length, of: present.length } });
    const states = { production: await production.sequences(), local: await local.sequences() };
    const targets: SequenceTarget[] = [];
    for (const pair of present) {
      const maxima = collected.get(pair)?.maxima;
      if (!maxima) continue;
      const raised = sequenceTargets(catalogs.production, pair.production, {
        maxima,
        production: states.production,
      });
      targets.push(...raised.targets);
      findings.push(...raised.findings);
    }
    findings.push(...freeSequenceFindings(catalogs.production, states.production, states.local));
    const changeset = store.changeset({
      sequences: targets,
      production: await finalProvenance(production),
      local: await finalProvenance(local),
    });
    findings.push(
      ...(await reviewFindings({
        changeset,
        catalogs,
        sources: { production, local },
        pairs: present,
        filtered: new Set(filters.keys()),
      })),
    );
    const deploy = await planSteps(catalogs.production, changeset);
    const revert = await planSteps(catalogs.production, invert(changeset));
    return {
      changeset,
      ...catalogs,
      findings: [
        ...findings,
        ...deploy.findings,
        ...revert.findings.filter((found) => !deploy.findings.some(same(found))),
      ],
      tables: present.map((pair) => comparedTable(pair, collected.get(pair))),
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

export interface ScriptOptions {
  readonly ticket?: string;
  /** Of rowpatch. */
  readonly version: string;
  readonly generatedAt: Date;
  /** The scripts refuse any other database. */
  readonly expectDatabase?: string;
  /** As PostgreSQL takes it, e.g. `5s`. */
  readonly lockTimeout?: string;
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
    bulk: {
      rows: options.bulkThreshold ?? 1000,
      bytes: 8 * 1024 * 1024,
      temporaryTables: options.temporaryTables ?? true,
    },
    triggerWrites: triggerWrites(comparison, options.triggerWrites ?? []),
    disableTriggers: comparison.policy.triggers === "disable",
    disableRules: comparison.policy.rules === "disable",
  };
  const back = { ...input, changeset: invert(comparison.changeset), plan: comparison.plans.revert };
  return {
    deploy: () => deployScript(input, "deploy"),
    revert: () => deployScript(back, "revert"),
    verify: () => verifyScript(input),
    preflight: () => preflightScript(input),
  };
}

/** @throws ExpectedError `usage` for names that match nothing. */
function triggerWrites({ production }: Comparison, named: readonly string[]): TriggerWrites {
  const rules = named.map((text) => {
    const [, table = text, column] = /^(.*)=([^=]*)$/s.exec(text) ?? [];
    const found = production.tables.filter(
      ({ name, columns }) =>
        matchesTable(table, name) &&
        (column === undefined || columns.some((other) => other.name === column)),
    );
    if (found.length > 0) return { tables: found.map(({ name }) => name), column };
    throw new ExpectedError({
      code: "usage",
      message: `--trigger-writes ${JSON.stringify(text)} matches nothing; write schema.table or schema.table=column`,
    });
  });
  return {
    named,
    tables: rules.flatMap(({ tables, column }) => (column === undefined ? tables : [])),
    columns: (table, column) =>
      rules.some(
        (rule) =>
          rule.column === column && rule.tables.some((name) => nameKey(name) === nameKey(table)),
      ),
  };
}

/** templates/ lies beside src/ and dist/. */
function readTemplate(name: string): Promise<string> {
  return readFile(new URL(`../templates/${name}.sql`, import.meta.url), "utf8");
}

/** Conditions by table. @throws ExpectedError `usage` where a side is a dump, or nothing matches. */
function whereFilters(
  request: CompareRequest,
  pairs: readonly TablePair[],
): ReadonlyMap<TablePair, string> {
  if (
    request.where.length > 0 &&
    !(isConnection(request.production) && isConnection(request.local))
  ) {
    throw new ExpectedError({
      code: "usage",
      message:
        "--where filters only where both sides are live databases: PostgreSQL must evaluate it",
    });
  }
  const filters = new Map<TablePair, string>();
  for (const { table, sql } of request.where) {
    const found = pairs.filter(({ name }) => matchesTable(table, name));
    if (found.length === 0)
      throw new ExpectedError({
        code: "usage",
        message: `--where names ${JSON.stringify(table)}, but no compared table matches`,
      });
    for (const pair of found) filters.set(pair, sql);
  }
  return filters;
}

/** Tables in the order in which a dump holds them, so that it is read from front to back. */
function readingOrder(pairs: readonly TablePair[], production: Source): readonly TablePair[] {
  if (production.kind === "database") return pairs;
  const positions = new Map(
    production.blocks.map(({ table }, index) => [`${table.schema}\0${table.name}`, index]),
  );
  const place = (pair: TablePair) =>
    Math.min(
      ...pair.parts.production.map(
        ({ schema, name }) => positions.get(`${schema}\0${name}`) ?? Number.POSITIVE_INFINITY,
      ),
    );
  return [...pairs].sort((a, b) => {
    const [first, second] = [place(a), place(b)];
    return first === second ? 0 : first - second;
  });
}

function nothingReason(findings: readonly Finding[], { production, local }: Sides<Source>): string {
  const empty = [production, local].find(
    (source) => source.kind === "dump" && source.blocks.length === 0,
  );
  if (empty) return `there is no data in ${empty.provenance.display}`;
  const first = findings.find(({ code }) => code === "not_compared" || code === "table_missing");
  return first ? first.message : "there is no table on both sides";
}

async function finalProvenance(source: Source): Promise<Source["provenance"]> {
  const sha256 = source.kind === "dump" ? await source.digest() : undefined;
  return sha256 === undefined ? source.provenance : { ...source.provenance, sha256 };
}

function comparedTable(pair: TablePair, collected: Collected | undefined): ComparedTable {
  if (!collected) throw new Error("a compared table has no result");
  const { counts, withheld, rows } = collected;
  return { table: pair.name, key: pair.key, counts, withheld, rows };
}

function same(a: Finding): (b: Finding) => boolean {
  return (b) => a.message === b.message;
}

type Reported = Pick<ProgressEvent, "kind"> & Partial<ProgressEvent>;

function reporter({ onProgress }: CompareRequest): (event: Reported, bytes?: number) => void {
  let total = 0;
  return (event, bytes = 0) => {
    total += bytes;
    onProgress?.({ tables: { done: 0, of: 0 }, ...event, bytes: total });
  };
}
