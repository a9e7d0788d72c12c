/** Makes a command wait in the server, so that it can be interrupted there. */
import { Client } from "pg";
import { execute, type TestDatabase } from "../support/postgres.ts";

/** Runs `work` while table page is locked, so that whoever reads it waits. */
export async function whileLocked<T>(database: TestDatabase, work: () => Promise<T>): Promise<T> {
  const client = new Client(database.url);
  await client.connect();
  try {
    await client.query("BEGIN; LOCK TABLE page");
    return await work();
  } finally {
    await client.end();
  }
}

/** Resolves when somebody waits for a lock in the database. */
export async function untilWaiting(database: TestDatabase): Promise<void> {
  for (;;) {
    const [[count] = []] = await execute(
      database.url,
      "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    if (Number(count) > 0) return;
  }
}

/** Sessions of rowpatch in the database. */
export async function sessionsOf(database: TestDatabase): Promise<number> {
  const [[count] = []] = await execute(
    database.url,
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rowpatch'",
  );
  return Number(count);
}
