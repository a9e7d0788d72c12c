/**
 * The faulty runs: rows that have drifted, psql killed, the connection cut. Production is unchanged each time.
 */
import { stat } from "node:fs/promises";
import { totalOf } from "../../changeset/types.ts";
import { quoteIdentifier } from "../../names.ts";
import { driftRow } from "../drift.ts";
import { commitOffset, cutBeforeCommit, killAt } from "../faults.ts";
import { type Facts, StepFailed, scriptFacts, scriptFailed } from "../journal.ts";
import type { ScriptRunner } from "../psql.ts";
import { type ChosenChange, chooseChanges } from "../selection.ts";
import { REFUSED, run, type Stage } from "./stage.ts";

/** One row after the other. @throws StepFailed */
export async function rehearseDrift(stage: Stage): Promise<void> {
  await stage.journal.step(
    "drift",
    "one row differs from what was reviewed: deploy.sql refuses and writes nothing",
    () => runDrifts(stage),
  );
}

/** Needs psql, and a server that takes several connections; nobody else may be using the database. @throws StepFailed */
export async function rehearseCuts(stage: Stage): Promise<void> {
  const { journal, database } = stage;
  const { feed } = database.runner;
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

/** Rows that drift at most. */
const DRIFTS = 40;
/** So many drift however long it takes. */
const FIRST_DRIFTS = 3;
/** How long it goes on for one row of each table and kind of change, and for more of them. */
const DRIFT_MS = { first: 20_000, more: 1_000 };

async function runDrifts(stage: Stage): Promise<Facts> {
  const { bundle } = stage;
  await putBackupsAside(stage);
  const start = performance.now();
  const notes: string[] = [];
  const chosen = await chooseChanges(bundle, DRIFTS);
  const firsts = chosen.filter(({ round }) => round === 0).length;
  let tried = 0;
  let drifted = 0;
  for (const [turn, item] of chosen.entries()) {
    const limit = item.round === 0 ? DRIFT_MS.first : DRIFT_MS.more;
    if (drifted >= FIRST_DRIFTS && performance.now() - start > limit) break;
    tried += 1;
    stage.signal?.throwIfAborted();
    const description = await runDrift(stage, item, turn);
    if (description === undefined) continue;
    drifted += 1;
    notes.push(description);
  }
  const total = bundle.tables.reduce((sum, { counts }) => sum + totalOf(counts), 0);
  // Else the refusals could have had another reason than the drift.
  const result = await run(stage, "preflight");
  if (result.exitCode !== 0) throw scriptFailed("preflight", result, "no row has drifted any more");
  const late = tried < firsts ? { "not tried for lack of time": firsts - tried } : {};
  return { counts: { "rows drifted": drifted, changes: total, ...late }, notes };
}

/** Backups of the runs before, which are never overwritten, would be a reason of their own to refuse. */
async function putBackupsAside({ bundle: { backupSchema }, connection }: Stage): Promise<void> {
  if (backupSchema === undefined) return;
  const there = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
  if ((await connection.query(there, [backupSchema])).length === 0) return;
  const [from, to] = [backupSchema, "rowpatch backups aside"].map(quoteIdentifier);
  await connection.query(`ALTER SCHEMA ${from} RENAME TO ${to}`);
}

/** One row; `undefined` where it cannot be made to drift. */
async function runDrift(
  stage: Stage,
  item: ChosenChange,
  turn: number,
): Promise<string | undefined> {
  const guarded = (column: string) => !stage.triggerWrites.columns(item.table.table, column);
  await using target = await stage.database.connect();
  const drift = await driftRow(target, item, { turn, guarded });
  if (drift === undefined) return undefined;
  const { description } = drift;
  const { result, written } = await stage.rows.during(() => run(stage, "deploy"));
  const facts = { ...scriptFacts("deploy", result), notes: [description] };
  if (result.exitCode !== REFUSED) {
    const { message } = scriptFailed("deploy", result, "the script should have refused");
    throw new StepFailed(`${description}, but ${message}`, facts);
  }
  if (written !== undefined) {
    throw new StepFailed(`${description}: deploy.sql refused, but ${written}`, facts);
  }
  await drift.undo();
  return description;
}

type Feed = NonNullable<ScriptRunner["feed"]>;

async function runKilled(stage: Stage, feed: Feed): Promise<Facts> {
  const path = stage.bundle.path("deploy");
  const commit = (await commitOffset(path)) ?? (await stat(path)).size;
  const fault = { path, feed, target: stage.connection, ...signalOf(stage) };
  const places = [0.5, 1].map((part) => Math.floor(commit * part));
  for (const bytes of places) {
    const { written } = await stage.rows.during(() => killAt(fault, bytes));
    if (written !== undefined) throw new StepFailed(`psql was killed, but ${written}`);
  }
  return { counts: { "times killed": places.length } };
}

async function runCut(stage: Stage, feed: Feed): Promise<Facts> {
  const path = stage.bundle.path("deploy");
  const commit = await commitOffset(path);
  if (commit === undefined) throw new StepFailed("deploy.sql holds no COMMIT");
  const fault = { path, feed, target: stage.connection, ...signalOf(stage) };
  const { result, written } = await stage.rows.during(() => cutBeforeCommit(fault, commit));
  if (result.exitCode === 0) {
    throw scriptFailed("deploy", result, "its connection was cut before COMMIT");
  }
  if (written !== undefined) throw new StepFailed(`the connection was cut, but ${written}`);
  return scriptFacts("deploy", result);
}

function signalOf({ signal }: Stage): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}
