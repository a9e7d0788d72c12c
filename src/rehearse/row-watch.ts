/**
 * Tells whether rows were written, reading them as seldom as possible: where the server says that no transaction was committed
 * since, they are as they were.
 */
import { formatName } from "../names.ts";
import { changedTables, type Fingerprint, fingerprint, readSequences } from "./fingerprint.ts";
import type { RestoreTarget } from "./restore-target.ts";

type Target = Pick<RestoreTarget, "query">;

export interface RowWatch {
  /** Rows and sequences as they are now. */
  now(): Promise<Fingerprint>;
  /** Runs something that shall not write, and says in words what was written nevertheless. */
  during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly written?: string }>;
}

/**
 * Watches a database through a connection to it. `alone` says that nobody else uses the server: then every transaction that is
 * committed is one of the scripts'.
 */
export function watchRows(target: Target, { alone }: { readonly alone: boolean }): RowWatch {
  let known: { readonly rows: Fingerprint; readonly moment: string } | undefined;
  const now = async (): Promise<Fingerprint> => {
    const former = known;
    // Before the rows are read: what is written meanwhile counts as written later.
    const moment = await momentOf(target);
    const isSame = former !== undefined && !(await mayHaveCommitted(target, former.moment));
    const rows = isSame
      ? { ...former.rows, sequences: await readSequences(target) }
      : await fingerprint(target);
    known = { rows, moment };
    return rows;
  };
  return {
    now,
    async during(work) {
      if (alone) {
        const moment = await momentOf(target);
        const result = await work();
        return (await mayHaveCommitted(target, moment))
          ? { result, written: "a transaction was committed" }
          : { result };
      }
      const before = await now();
      const result = await work();
      const tables = changedTables(before, await now());
      return tables.length === 0
        ? { result }
        : { result, written: `rows were written in ${tables.map(formatName).join(", ")}` };
    },
  };
}

/** Which transactions have ended, as the server writes it down: `first open:first to come:open ones`. */
async function momentOf(target: Target): Promise<string> {
  const [row = []] = await target.query("SELECT pg_catalog.txid_current_snapshot()::text");
  return String(row[0]);
}

/** On a server with that much to do, asking for each transaction takes longer than reading the rows. */
const TRANSACTIONS = 20_000;

/** False only where every transaction that has ended since was rolled back: then no row of any table is another one. */
async function mayHaveCommitted(target: Target, since: string): Promise<boolean> {
  try {
    const [row = []] = await target.query(COMMITTED, [since, String(TRANSACTIONS)]);
    return row[0] !== "0";
  } catch (error) {
    // A server older than the function.
    if (error instanceof Error && "severity" in error && error.severity === "ERROR") return true;
    throw error;
  }
}

const COMMITTED = `WITH span AS (
    SELECT $1::pg_catalog.txid_snapshot AS since,
      pg_catalog.txid_snapshot_xmin($1::pg_catalog.txid_snapshot) AS first,
      pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) AS past),
  counted AS (
    SELECT count(*) AS committed FROM span, pg_catalog.generate_series(first, least(past, first + $2::bigint) - 1) AS number
    WHERE NOT pg_catalog.txid_visible_in_snapshot(number, since) AND pg_catalog.txid_status(number) IS DISTINCT FROM 'aborted')
  SELECT (CASE WHEN past - first > $2::bigint THEN 1 ELSE committed END)::text FROM span, counted`;
