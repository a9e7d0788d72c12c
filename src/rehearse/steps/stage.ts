/**
 * What the steps work on, and how they run a script: with the exit code that it should have, and the rows as they should be then.
 */
import { formatName } from "../../names.ts";
import type { TriggerWrites } from "../../script/scripts.ts";
import type { Source } from "../../sources/source.ts";
import type { Bundle, ScriptName } from "../bundle.ts";
import type { Definitions } from "../definitions.ts";
import { changedTables, type Fingerprint } from "../fingerprint.ts";
import type { HeldState } from "../held-state.ts";
import { type Facts, type Journal, StepFailed, scriptFacts, scriptFailed } from "../journal.ts";
import type { ScriptResult } from "../psql.ts";
import type { RowWatch } from "../row-watch.ts";
import type { ScratchConnection, ScratchDatabase } from "../scratch/server.ts";
import type { Aside } from "./aside.ts";

export interface Stage {
  readonly bundle: Bundle;
  readonly production: Source;
  readonly database: ScratchDatabase;
  readonly connection: ScratchConnection;
  readonly rows: RowWatch;
  readonly journal: Journal;
  readonly directory: string;
  readonly memory: number;
  readonly triggerWrites: TriggerWrites;
  /** State after the restore. */
  readonly restored: Fingerprint;
  /** The same, where the server takes a second connection. */
  readonly held?: HeldState;
  readonly definitions: Definitions;
  /** Reads the rows as deployed beside this step. */
  readonly comparison?: Aside;
  readonly signal?: AbortSignal;
}

/** Exit code of psql when the script itself stopped. */
export const REFUSED = 3;

interface ScriptPlace {
  readonly database: Pick<ScratchDatabase, "runner">;
  readonly bundle: Pick<Bundle, "path">;
  readonly comparison?: Aside;
}

/** Runs a script to its end. What the comparison beside it has kept from running runs again when that is over. */
export async function run(
  { database, bundle, comparison }: ScriptPlace,
  script: ScriptName,
): Promise<ScriptResult> {
  const isBeside = comparison !== undefined && !comparison.isOver();
  const result = await database.runner.run(bundle.path(script));
  if (result.exitCode === 0 || !isBeside || !WAITED.test(result.stderr)) return result;
  // A lock that readers are in the way of, or a limit of time: not what production will be like.
  await comparison.over;
  return database.runner.run(bundle.path(script));
}

const WAITED = /timeout|holds a lock/;

/** Exit code 0; where a fingerprint is given, nothing was written since. @throws StepFailed */
export async function runDone(
  stage: Stage,
  script: ScriptName,
  unchanged?: Fingerprint,
): Promise<Facts> {
  const result = await run(stage, script);
  if (result.exitCode !== 0)
    throw scriptFailed(script, result, "the script should have gone through");
  const facts = scriptFacts(script, result);
  return unchanged === undefined ? facts : { ...facts, ...(await expectRows(stage, unchanged)) };
}

/** Exit code 3, and nothing was written. @throws StepFailed */
export async function runRefused(
  stage: Stage,
  script: ScriptName,
  before: Fingerprint,
): Promise<Facts> {
  const result = await run(stage, script);
  if (result.exitCode !== REFUSED)
    throw scriptFailed(script, result, "the script should have refused");
  return { ...scriptFacts(script, result), ...(await expectRows(stage, before)) };
}

/** The rows after a step that writes nothing. @throws StepFailed */
export async function expectRows({ rows }: Stage, before: Fingerprint): Promise<Facts> {
  const now = await rows.now();
  const tables = changedTables(before, now);
  if (tables.length > 0) {
    throw new StepFailed(`rows were written in ${tables.map(formatName).join(", ")}`);
  }
  return { rows: now.digest };
}
