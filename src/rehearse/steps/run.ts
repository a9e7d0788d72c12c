/**
 * Runs all steps on a new scratch database: the restore, the scripts, the faulty runs. Ends at the first that fails.
 */
import { readCatalog } from "../../catalog/snapshot.ts";
import { triggerWrites } from "../../script/trigger-writes.ts";
import type { Bundle } from "../bundle.ts";
import { readDefinitions } from "../definitions.ts";
import type { LeftOut } from "../evidence.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { holdState } from "../held-state.ts";
import { type Journal, StepFailed } from "../journal.ts";
import type { Production } from "../production.ts";
import { type RowWatch, watchRows } from "../row-watch.ts";
import type { ScratchConnection, ScratchDatabase, ScratchServer } from "../scratch/server.ts";
import { rehearseCuts } from "./faults.ts";
import { rehearseScripts } from "./scripts.ts";
import type { Stage } from "./stage.ts";

export interface Running {
  readonly bundle: Bundle;
  readonly production: Production;
  readonly server: ScratchServer;
  readonly database: ScratchDatabase;
  readonly journal: Journal;
  /** For working files. */
  readonly directory: string;
  /** Bytes that comparisons may hold. */
  readonly memory: number;
  readonly signal?: AbortSignal;
}

export interface Ran {
  readonly leftOut: readonly LeftOut[];
  /** In words, with the reason. */
  readonly notDone: readonly string[];
}

/** What came of each step is in the journal. @throws whatever is not the failure of a step */
export async function runSteps(running: Running): Promise<Ran> {
  const { server, database } = running;
  const leftOut: LeftOut[] = [];
  const notDone: string[] = [];
  try {
    await using connection = await database.connect();
    const rows = watchRows(connection, { alone: server.own });
    const restored = await restore(running, { rows, leftOut });
    const stage = await makeStage(running, { connection, rows, restored });
    await rehearseHeld(stage);
    await rehearseCuts(stage);
    if (database.runner.feed === undefined) notDone.push(ONE_CONNECTION);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    notDone.push("the steps after the failed one");
  }
  return { leftOut, notDone };
}

const ONE_CONNECTION =
  "psql killed and connection cut: this scratch server takes one connection, and psql cannot use it";

/** State after the restore. */
async function restore(
  { bundle, server, database, production, journal }: Running,
  { rows, leftOut }: { readonly rows: RowWatch; readonly leftOut: LeftOut[] },
): Promise<Fingerprint> {
  let state: Fingerprint | undefined;
  await journal.step("restore", "production is on the scratch server", async () => {
    {
      await using connection = await database.connect();
      leftOut.push(...(await production.restore(connection, { bundle, server })).leftOut);
    }
    state = await rows.now();
    const { digest, tables } = state;
    const count = tables.reduce((sum, table) => sum + Number(table.rows), 0);
    return {
      counts: { tables: tables.length, rows: count },
      rows: digest,
      ...(bundle.expectDatabase === undefined ? {} : { notes: [named(bundle.expectDatabase)] }),
    };
  });
  return state ?? rows.now();
}

function named(database: string): string {
  return `the scratch database is called ${JSON.stringify(database)}: the scripts run in no other`;
}

async function makeStage(
  running: Running,
  state: {
    readonly connection: ScratchConnection;
    readonly rows: RowWatch;
    readonly restored: Fingerprint;
  },
): Promise<Stage> {
  const source = await running.production.source();
  return {
    ...running,
    ...state,
    production: source,
    triggerWrites: triggerWrites(await readCatalog(source), running.bundle.triggerWrites),
    definitions: await readDefinitions(state.connection),
  };
}

/** With the state after the restore at hand, where a second connection can hold it. */
async function rehearseHeld(stage: Stage): Promise<void> {
  if (stage.database.runner.feed === undefined) return rehearseScripts(stage);
  await using held = await holdState(await stage.database.connect());
  await rehearseScripts({ ...stage, held });
}
