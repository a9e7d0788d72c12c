/**
 * The steps of a rehearsal on a restored scratch database, in order: try, deploy, compare, go back, compare; then the faulty runs.
 */
import { stat } from "node:fs/promises";
import { totalOf } from "../changeset/types.ts";
import { formatName, nameKey, type TableName } from "../names.ts";
import type { TriggerWrites } from "../script/scripts.ts";
import type { Source } from "../sources/source.ts";
import type { Bundle, ScriptName } from "./bundle.ts";
import { changedDefinitions, type Definitions, readDefinitions } from "./definitions.ts";
import { findDifferences } from "./differences.ts";
import { driftRow } from "./drift.ts";
import { commitOffset, cutBeforeCommit, killAt } from "./faults.ts";
import { changedTables, type Fingerprint, fingerprint } from "./fingerprint.ts";
import { type Facts, type Journal, StepFailed, scriptFacts, scriptFailed } from "./journal.ts";
import type { ScriptResult, ScriptRunner } from "./psql.ts";
import type { ScratchConnection, ScratchDatabase } from "./scratch/server.ts";
import { chooseChanges } from "./selection.ts";
import { expectSequences } from "./sequence-check.ts";

/** What the steps work on. */
export interface Stage {
  readonly bundle: Bundle;
  readonly production: Source;
  readonly database: ScratchDatabase;
  readonly connection: ScratchConnection;
  readonly journal: Journal;
  readonly directory: string;
  readonly memory: number;
  readonly triggerWrites: TriggerWrites;
  /** State after the restore. */
  readonly restored: Fingerprint;
  readonly definitions: Definitions;
  readonly signal?: AbortSignal;
}

/** Exit code of psql when the script itself stopped. */
const REFUSED = 3;

/** Goes the whole way and back. @throws StepFailed at the first step that does not show what it should. */
export async function rehearseScripts(stage: Stage): Promise<void> {
  const { journal, restored } = stage;
  const expected = stage.bundle.tables.reduce((sum, { counts }) => sum + totalOf(counts), 0);
  await journal.step("preflight", "every change is pending, and nothing is written", () =>
    runPreflight(stage, expected),
  );
  await journal.step("verify before", "verify.sql fails: no change is in place yet", () =>
    runRefused(stage, "verify", restored),
  );
  let deployed = restored;
  await journal.step("deploy", "deploy.sql ends with exit code 0", async () => {
    const facts = await runDone(stage, "deploy");
    deployed = await fingerprint(stage.connection);
    return { ...facts, rows: deployed.digest };
  });
  await journal.step(
    "compare deployed",
    "scratch differs from production by the bundle's changes, no more, no less",
    async () => {
      const facts = await compare(stage, deployed, "bundle");
      const notes = expectSequences(stage.bundle, restored, deployed);
      return { ...facts, notes: [...(facts.notes ?? []), ...notes] };
    },
  );
  await journal.step("verify", "verify.sql passes, and nothing is written", () =>
    runDone(stage, "verify", deployed),
  );
  await journal.step("deploy again", "everything is in place already: nothing is written", () =>
    runDone(stage, "deploy", deployed),
  );
  await journal.step("revert", "revert.sql ends with exit code 0", () => runDone(stage, "revert"));
  await journal.step("compare reverted", "scratch equals production again", async () =>
    compare(stage, await fingerprint(stage.connection), "nothing"),
  );
}

/** Needs psql, and a server that takes several connections. */
export async function rehearseFaults(stage: Stage): Promise<void> {
  const { journal, database } = stage;
  const { feed } = database.runner;
  await journal.step(
    "drift",
    "one row differs from what was reviewed: deploy.sql refuses and writes nothing",
    () => runDrifts(stage),
  );
  if (feed === undefined) return;
  await journal.step("psql killed", "psql is killed in the middle: nothing is written", () =>
    runKilled(stage, feed),
  );
  await journal.step(
    "connection cut",
    "the server ends the connection before COMMIT: psql fails, and nothing is written",
    () => runCut(stage, feed),
  );
}

function run({ database, bundle }: Stage, script: ScriptName): Promise<ScriptResult> {
  return database.runner.run(bundle.path(script));
}

/** Exit code 0; where a fingerprint is given, nothing was written since. */
async function runDone(stage: Stage, script: ScriptName, unchanged?: Fingerprint): Promise<Facts> {
  const result = await run(stage, script);
  if (result.exitCode !== 0) throw scriptFailed(script, result, "it should have been done");
  const facts = scriptFacts(script, result);
  return unchanged === undefined ? facts : { ...facts, ...(await rowsFact(stage, unchanged)) };
}

/** Exit code 3, and nothing was written. */
async function runRefused(stage: Stage, script: ScriptName, before: Fingerprint): Promise<Facts> {
  const result = await run(stage, script);
  if (result.exitCode !== REFUSED) throw scriptFailed(script, result, "it should have refused");
  return { ...scriptFacts(script, result), ...(await rowsFact(stage, before)) };
}

/** The rows after a step. @throws StepFailed where they should have stayed as they were. */
async function rowsFact({ connection }: Stage, unchanged?: Fingerprint): Promise<Facts> {
  const now = await fingerprint(connection);
  if (unchanged !== undefined) {
    const tables = changedTables(unchanged, now);
    if (tables.length > 0) {
      throw new StepFailed(`rows were written in ${tables.map(formatName).join(", ")}`);
    }
  }
  return { rows: now.digest };
}

async function runPreflight(stage: Stage, expected: number): Promise<Facts> {
  const result = await run(stage, "preflight");
  if (result.exitCode !== 0) {
    throw scriptFailed("preflight", result, "every change should be pending");
  }
  const counts = preflightCounts(result.stdout);
  const facts = { ...scriptFacts("preflight", result), ...(counts ? { counts } : {}) };
  const isReady = counts === undefined || counts["pending"] === expected;
  if (!isReady) {
    throw new StepFailed(
      `preflight.sql calls ${counts["pending"]} of ${expected} changes pending`,
      facts,
    );
  }
  return { ...facts, ...(await rowsFact(stage, stage.restored)) };
}

/** The line of numbers under the heading that preflight prints; `undefined` where it cannot be found. */
function preflightCounts(stdout: string): Readonly<Record<string, number>> | undefined {
  const lines = stdout.split("\n");
  const heading = lines.findIndex((line) => /\bpending\b.*\bin place\b.*\bdrifted\b/.test(line));
  const row = lines.slice(heading + 1).find((line) => /^[\s|]*\d+[\s|]+\d+[\s|]+\d+/.test(line));
  const [pending, inPlace, drifted] = row?.match(/\d+/g)?.map(Number) ?? [];
  if (heading < 0 || pending === undefined || inPlace === undefined || drifted === undefined) {
    return undefined;
  }
  return { pending, inPlace, drifted };
}

/** Compares the tables that have been written since the restore, and those of the bundle. */
async function compare(
  stage: Stage,
  now: Fingerprint,
  expected: "bundle" | "nothing",
): Promise<Facts> {
  const { bundle, restored, triggerWrites } = stage;
  const free = new Set(triggerWrites.tables.map(nameKey));
  const own = (name: TableName) => isOwnTable(bundle, name);
  const changed = changedTables(restored, now);
  const tables = [...changed, ...bundle.tables.map(({ table }) => table)].filter(
    (name) => !free.has(nameKey(name)) && !own(name),
  );
  const records = changed.filter(own).map(formatName);
  const redefined = changedDefinitions(stage.definitions, await readDefinitions(stage.connection));
  await using scratch = await stage.database.open();
  const found = await findDifferences({ ...stage, scratch, tables: unique(tables), expected });
  const facts = {
    counts: {
      "tables compared": found.compared.length,
      "changes matched": found.matched,
      missing: found.missing.count,
      unexpected: found.unexpected.count,
    },
    rows: now.digest,
    notes: [
      ...(found.besides.length > 0
        ? [`columns outside the comparison changed: ${found.besides.join(", ")}`]
        : []),
      ...(records.length > 0 ? [`the script's own records: ${records.join(", ")}`] : []),
    ],
  };
  const gone = found.notCompared.filter((name) => name !== "");
  const reasons = [
    described(
      found.missing.count,
      "change of the bundle was",
      "changes of the bundle were",
      found.missing.examples,
      "not made",
    ),
    described(
      found.unexpected.count,
      "change was",
      "changes were",
      found.unexpected.examples,
      "made that the bundle does not hold",
    ),
    redefined.length > 0
      ? `definitions are not as before: ${redefined.slice(0, 5).join(", ")}`
      : "",
    gone.length > 0 ? `rows were written in ${gone.join(", ")}, which cannot be compared` : "",
  ].filter((reason) => reason !== "");
  if (reasons.length > 0) {
    const script = expected === "bundle" ? "deploy.sql" : "revert.sql";
    throw new StepFailed(`after ${script}: ${reasons.join("; ")}`, { ...facts, script });
  }
  return facts;
}

/** What the script writes about itself. */
function isOwnTable({ ledger, backupSchema }: Bundle, name: TableName): boolean {
  return (
    name.schema === backupSchema || (ledger !== undefined && nameKey(ledger) === nameKey(name))
  );
}

function unique(names: readonly TableName[]): readonly TableName[] {
  return [...new Map(names.map((name) => [nameKey(name), name])).values()];
}

function described(
  count: number,
  one: string,
  many: string,
  examples: readonly string[],
  what: string,
): string {
  if (count === 0) return "";
  return `${count} ${count === 1 ? one : many} ${what}: ${examples.map((line) => line.slice(0, 300)).join(" ")}`;
}

/** Rows that drift at most, and how long it goes on beyond the first one of each kind. */
const DRIFTS = 40;
const DRIFT_MS = 5_000;
const FIRST_DRIFTS = 3;

async function runDrifts(stage: Stage): Promise<Facts> {
  const { bundle, connection, triggerWrites } = stage;
  const chosen = await chooseChanges(bundle, DRIFTS);
  const end = performance.now() + DRIFT_MS;
  const notes: string[] = [];
  await using target = await stage.database.connect();
  let drifted = 0;
  for (const [turn, item] of chosen.entries()) {
    if (drifted >= FIRST_DRIFTS && performance.now() > end) break;
    stage.signal?.throwIfAborted();
    const guarded = (column: string) => !triggerWrites.columns(item.table.table, column);
    const drift = await driftRow(target, item, { turn, guarded });
    if (drift === undefined) continue;
    drifted += 1;
    const before = await fingerprint(connection);
    const result = await run(stage, "deploy");
    const facts = { ...scriptFacts("deploy", result), notes: [drift.description] };
    if (result.exitCode !== REFUSED) {
      throw new StepFailed(
        `${drift.description}, but ${scriptFailed("deploy", result, "it should have refused").message}`,
        facts,
      );
    }
    const tables = changedTables(before, await fingerprint(connection));
    if (tables.length > 0) {
      throw new StepFailed(
        `${drift.description}: deploy.sql refused, but rows were written in ${tables.map(formatName).join(", ")}`,
        facts,
      );
    }
    notes.push(drift.description);
    await drift.undo();
  }
  const total = bundle.tables.reduce((sum, { counts }) => sum + totalOf(counts), 0);
  // Else the refusals could have had another reason than the drift.
  const result = await run(stage, "preflight");
  if (result.exitCode !== 0) throw scriptFailed("preflight", result, "no row has drifted any more");
  return { counts: { "rows drifted": drifted, changes: total }, notes };
}

async function runKilled(stage: Stage, feed: NonNullable<ScriptRunner["feed"]>): Promise<Facts> {
  const path = stage.bundle.path("deploy");
  const commit = (await commitOffset(path)) ?? (await stat(path)).size;
  const before = await fingerprint(stage.connection);
  const places = [0.5, 1].map((part) => Math.floor(commit * part));
  for (const bytes of places) {
    await killAt({ path, feed, target: stage.connection, ...signalOf(stage) }, bytes);
    await rowsFact(stage, before);
  }
  return { counts: { "times killed": places.length }, rows: before.digest };
}

async function runCut(stage: Stage, feed: NonNullable<ScriptRunner["feed"]>): Promise<Facts> {
  const path = stage.bundle.path("deploy");
  const commit = await commitOffset(path);
  if (commit === undefined) throw new StepFailed("deploy.sql holds no COMMIT");
  const before = await fingerprint(stage.connection);
  const fault = { path, feed, target: stage.connection, ...signalOf(stage) };
  const result = await cutBeforeCommit(fault, commit);
  if (result.exitCode === 0) {
    throw scriptFailed("deploy", result, "its connection was cut before COMMIT");
  }
  return { ...scriptFacts("deploy", result), ...(await rowsFact(stage, before)) };
}

function signalOf({ signal }: Stage): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}
