/**
 * The stages in order: open both sides, pair their tables, compare them, order the changes; then the scripts.
 */
import { comparablePairs } from "./catalog/coverage.ts";
import { type PairOptions, pairCatalogs, type TablePair } from "./catalog/pair.ts";
import { readSides } from "./catalog/sides.ts";
import { prepareParser } from "./catalog/snapshot.ts";
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
import { type WhereCondition, whereFilters } from "./changeset/where.ts";
import { workFolder } from "./changeset/work-folder.ts";
import type { Counts } from "./compare/change.ts";
import { ExpectedError } from "./errors.ts";
import { type Finding, finding } from "./findings.ts";
import type { TableName } from "./names.ts";
import { planSteps } from "./order/plan.ts";
import { triggerFindings } from "./order/triggers.ts";
import { type ProgressEvent, progressReporter } from "./progress.ts";
import type { Compared, ScriptOptions, ScriptSet } from "./script-set.ts";
import { holds } from "./sources/dump.ts";
import { isConnection, openBoth } from "./sources/open.ts";
import { finalProvenance } from "./sources/provenance.ts";
import type { Source } from "./sources/source.ts";

export type { ScriptOptions, ScriptSet } from "./script-set.ts";

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
export interface Comparison extends Compared, AsyncDisposable {
  readonly local: Catalog;
  /** By name. */
  readonly tables: readonly ComparedTable[];
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
    const texts = [request.production, request.local] as const;
    if (!texts.every(isConnection)) prepareParser();
    const sources = await openBoth(texts, options);
    await using opened = sources[0];
    await using other = sources[1];
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

/** The scripts of a comparison. Whether blocking findings allow them is for the caller to ask. */
export async function makeScripts(
  comparison: Comparison,
  options: ScriptOptions,
): Promise<ScriptSet> {
  // Most comparisons write none.
  const { scriptSet } = await import("./script-set.ts");
  return scriptSet(comparison, options);
}

function comparedTable(pair: TablePair, collected: Collected | undefined): ComparedTable {
  if (!collected) throw new Error("a compared table has no result");
  const { counts, withheld, rows } = collected;
  return { table: pair.name, key: pair.key, counts, withheld, rows };
}

function same(a: Finding): (b: Finding) => boolean {
  return (b) => a.message === b.message;
}
