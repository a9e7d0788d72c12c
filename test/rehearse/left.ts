/** What rehearsals of this process have left on the test server: other test files rehearse at the same time. */
import { execute, testServer } from "../support/postgres.ts";

export function databasesLeft(): Promise<readonly unknown[]> {
  return execute(
    testServer().url,
    `SELECT datname FROM pg_database WHERE datname ~ '^rowpatch_rehearsal_(${process.pid}|1)_'`,
  );
}
