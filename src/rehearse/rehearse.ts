/**
 * A rehearsal: a bundle, production, a scratch server; out comes the evidence. Leaves nothing behind.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { ExpectedError } from "../errors.ts";
import type { Provenance } from "../sources/source.ts";
import { type Bundle, openBundle } from "./bundle.ts";
import type { Evidence, StepName } from "./evidence.ts";
import { journal } from "./journal.ts";
import { openProduction, type Production } from "./production.ts";
import { startScratch } from "./scratch/choose.ts";
import type { ScratchDatabase, ScratchKind, ScratchServer } from "./scratch/server.ts";
import { runSteps } from "./steps/run.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

export interface RehearseRequest {
  readonly bundle: string;
  /** As the user named it. */
  readonly production: string;
  /** Of a dump with several databases: which one. */
  readonly database?: string;
  /** Connection string of a server where a database may be made. */
  readonly scratch?: string;
  readonly scratchKind?: ScratchKind;
  /** Of Docker; the default follows production's version. */
  readonly image?: string;
  /** Leaves the scratch database where it is. */
  readonly keep: boolean;
  /** Of rowpatch. */
  readonly version: string;
  readonly now: () => Date;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tempDirectory: string;
  /** Bytes that comparisons may hold. */
  readonly memory: number;
  readonly signal?: AbortSignal;
  /** Called before each step. */
  readonly onStep?: (step: StepName | "starting the scratch server") => void;
}

export interface Rehearsal {
  readonly evidence: Evidence;
  /** With `keep`: how to connect, and how to be rid of it. */
  readonly kept: readonly string[];
}

/**
 * Rehearses a bundle. A step that fails is a result: `evidence.outcome`.
 *
 * @throws ExpectedError for a bundle, production or scratch server that cannot be used; `interrupted`.
 */
export async function rehearse(request: RehearseRequest): Promise<Rehearsal> {
  const bundle = await openBundle(request.bundle);
  await using watchdog = startWatchdog();
  const directory = await mkdtemp(join(request.tempDirectory, "rowpatch-rehearse-"));
  watchdog.add(["rm", "-rf", directory]);
  try {
    return await inDirectory({ request, bundle, watchdog, directory });
  } catch (error) {
    if (request.signal?.aborted) throw new ExpectedError({ code: "interrupted" }, { cause: error });
    throw serverFailure(error) ?? error;
  }
}

/** The scratch server went away, or did not do what any server does. */
function serverFailure(error: unknown): ExpectedError | undefined {
  if (!(error instanceof Error) || error instanceof ExpectedError) return undefined;
  const isServer =
    "severity" in error ||
    /^(Connection terminated|Client has encountered|read ECONN|write E)/.test(error.message);
  if (!isServer) return undefined;
  return new ExpectedError(
    {
      code: "scratch",
      reason: `the scratch server failed: ${error.message}`,
      remedy: "rehearse again, or on another server with --scratch",
    },
    { cause: error },
  );
}

interface Work {
  readonly request: RehearseRequest;
  readonly bundle: Bundle;
  readonly watchdog: Watchdog;
  readonly directory: string;
}

async function inDirectory(work: Work): Promise<Rehearsal> {
  const { request, bundle } = work;
  const started = request.now();
  const clock = performance.now();
  request.onStep?.("starting the scratch server");
  await using production = await openProduction(request, work.directory);
  await using server = await startScratch({ ...request, ...work, production });
  // Beside the restore, which waits for the server most of the time.
  const digested = production.digested();
  digested.catch(() => undefined);
  const database = await createDatabase(server, production, bundle);
  const record = journal(
    () => performance.now(),
    (step) => request.onStep?.(step),
  );
  const ran = await runSteps({
    ...{ bundle, production, server, database, journal: record },
    directory: work.directory,
    memory: request.memory,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  const provenance = await digested;
  const kept = request.keep ? await database.keep() : [];
  const failed = record.steps.find(({ outcome }) => outcome === "failed");
  return {
    kept,
    evidence: {
      format: "rowpatch.rehearsal",
      version: 1,
      madeBy: `rowpatch ${request.version}`,
      startedAt: started.toISOString(),
      milliseconds: Math.round(performance.now() - clock),
      outcome: failed ? "failed" : "passed",
      ...(failed ? { failedAt: failed.step } : {}),
      production: provenance,
      asReviewed: asReviewed(bundle.production, provenance),
      scratch: {
        kind: server.kind,
        description: server.description,
        serverVersion: server.version,
      },
      psql: { kind: database.runner.kind, version: database.runner.version },
      leftOut: ran.leftOut,
      steps: record.steps,
      notDone: ran.notDone,
    },
  };
}

/** The scripts may ask for a database of a certain name. */
function createDatabase(
  server: ScratchServer,
  production: Production,
  { expectDatabase }: Bundle,
): Promise<ScratchDatabase> {
  const name =
    expectDatabase ?? `rowpatch_rehearsal_${process.pid}_${randomBytes(4).toString("hex")}`;
  return production.create(server, { name, expected: expectDatabase !== undefined });
}

/** By the digest of the dump, or by the server and database. */
function asReviewed(then: Provenance, now: Provenance): boolean | null {
  if (then.sha256 !== undefined && now.sha256 !== undefined) return then.sha256 === now.sha256;
  if (then.kind !== now.kind) return false;
  if (then.systemIdentifier === undefined) return null;
  return then.systemIdentifier === now.systemIdentifier && then.database === now.database;
}
