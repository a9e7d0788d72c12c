/**
 * The faulty runs: deploy.sql is killed or cut off before it has committed; the rows must be as before.
 */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { FedScript, ScriptResult, ScriptRunner } from "./psql.ts";
import type { RestoreTarget } from "./restore-target.ts";

type Target = Pick<RestoreTarget, "query">;

/** A run that can be cut off. */
export interface Fault {
  readonly path: string;
  readonly feed: NonNullable<ScriptRunner["feed"]>;
  /** A connection to the same database. */
  readonly target: Target;
  readonly signal?: AbortSignal;
}

/** Gives psql the first `bytes` of the script, waits until the server has done them, and kills psql. */
export async function killAt(fault: Fault, bytes: number): Promise<ScriptResult> {
  const fed = fault.feed();
  await feedUntil(fault, fed, bytes);
  await fed.kill();
  await untilAlone(fault);
  return fed.result;
}

/** The server ends the connection right before COMMIT; psql gets the rest of the script. */
export async function cutBeforeCommit(fault: Fault, commit: number): Promise<ScriptResult> {
  const fed = fault.feed();
  await feedUntil(fault, fed, commit);
  await fault.target.query(`SELECT pg_catalog.pg_terminate_backend(pid) ${OTHERS}`);
  for await (const chunk of createReadStream(fault.path, { start: commit })) await fed.write(chunk);
  fed.end();
  const result = await fed.result;
  await untilAlone(fault);
  return result;
}

const LAST_BYTES = 1_048_576;

/** Where the last COMMIT of a script stands, in bytes; `undefined` if its end holds none. */
export async function commitOffset(path: string): Promise<number | undefined> {
  const { size } = await stat(path);
  const start = Math.max(0, size - LAST_BYTES);
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(size - start);
    await file.read(buffer, 0, buffer.length, start);
    const end = buffer.toString("latin1");
    const place = [...end.matchAll(/^[ \t]*COMMIT;/gm)].at(-1)?.index;
    return place === undefined ? undefined : start + place;
  } finally {
    await file.close();
  }
}

async function feedUntil(fault: Fault, fed: FedScript, bytes: number): Promise<void> {
  if (bytes > 0) {
    for await (const chunk of createReadStream(fault.path, { end: bytes - 1 })) {
      await fed.write(chunk);
    }
  }
  await untilIdle(fault);
}

/** Other sessions in this database. */
const OTHERS = `FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()
  AND pid <> pg_catalog.pg_backend_pid() AND backend_type = 'client backend'`;

const WAIT_MS = 10_000;

/** Waits until the session of psql has nothing left to do but to wait for more, twice in a row. */
async function untilIdle({ target, signal }: Fault): Promise<void> {
  let former = "";
  await poll(signal, async () => {
    const rows = await target.query(
      `SELECT pid, state, query_start, wait_event_type ${OTHERS} AND wait_event_type = 'Client'`,
    );
    const now = JSON.stringify(rows);
    const isSame = rows.length > 0 && now === former;
    former = now;
    return isSame;
  });
}

async function untilAlone({ target, signal }: Fault): Promise<void> {
  await poll(signal, async () => (await target.query(`SELECT pid ${OTHERS}`)).length === 0);
}

async function poll(
  signal: AbortSignal | undefined,
  isDone: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (performance.now() < end) {
    signal?.throwIfAborted();
    if (await isDone()) return;
    await setTimeout(25);
  }
}
