/**
 * A server that the user names: a database is made there and dropped in the end; the next run drops what a dead one left.
 */

import { ExpectedError } from "../../errors.ts";
import { quoteIdentifier } from "../../names.ts";
import { shellQuote } from "../../outputs/run-lines.ts";
import { literal } from "../../script/sql.ts";
import { parseConnectionString } from "../../sources/connection/string.ts";
import { resolveConnection } from "../../sources/connection.ts";
import type { ScratchRequest } from "./choose.ts";
import { dropStatements, makeDatabase } from "./database.ts";
import {
  connectionString,
  connectTo,
  environment,
  type Place,
  type ScratchConnection,
  type ScratchServer,
  serverVersion,
} from "./server.ts";

/** Says of a database that it may be dropped once nobody holds its lock. */
const MARK = "rowpatch rehearsal: dropped when it ends";

/** Of the advisory locks that say which of these databases are in use: `rowp` as a number. */
const LOCKS = 0x726f7770;

/** @throws ExpectedError `connection`, `query` */
export async function useServer(
  request: ScratchRequest & { readonly scratch: string },
): Promise<ScratchServer> {
  const { scratch, env, signal, watchdog } = request;
  const parameters = new Map(parseConnectionString(scratch));
  const { display } = await resolveConnection(scratch, env);
  if (!parameters.has("dbname")) parameters.set("dbname", env["PGDATABASE"] ?? "postgres");
  const place: Place = { parameters, env };
  const keeper = await connectTo(place, signal);
  await dropAbandoned(keeper);
  const systemIdentifier = await identifierOf(keeper);
  const made: string[] = [];
  return {
    kind: "url",
    description: display,
    own: false,
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    ...(await serverVersion(keeper)),
    async createDatabase(database) {
      const name = quoteIdentifier(database.name);
      await refuseTaken(keeper, database.name);
      await keeper.query(
        `SELECT pg_catalog.pg_advisory_lock(${LOCKS}, pg_catalog.hashtext(${literal(database.name)}))`,
      );
      const drops = dropStatements(database.name);
      let forget = (): void => undefined;
      const guard = (): void => {
        made.push(...drops);
        const password = environment(place)["PGPASSWORD"];
        const variables = password === undefined ? {} : { PGPASSWORD: password };
        forget = watchdog.add(
          ["psql", "-X", "-q", "-d", connectionString(place), ...commands(drops)],
          variables,
        );
      };
      const keep = async (): Promise<string> => {
        made.length = 0;
        forget();
        await keeper.query(`COMMENT ON DATABASE ${name} IS 'rowpatch rehearsal: kept'`);
        return `psql ${shellQuote(connectionString(place))} -c ${shellQuote(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)}`;
      };
      // A name that somebody else might take in this moment is guarded once it is ours.
      if (!database.expected) guard();
      const result = await makeDatabase({ place, keep, ...(signal ? { signal } : {}) }, database);
      if (database.expected) guard();
      await keeper.query(`COMMENT ON DATABASE ${name} IS ${literal(MARK)}`);
      return result;
    },
    async [Symbol.asyncDispose]() {
      try {
        await using fresh = await connectTo(place);
        for (const statement of made) await fresh.query(statement);
      } finally {
        await keeper[Symbol.asyncDispose]();
      }
    },
  };
}

/** As arguments of psql. */
function commands(statements: readonly string[]): readonly string[] {
  return statements.flatMap((statement) => ["-c", statement]);
}

async function refuseTaken(connection: ScratchConnection, name: string): Promise<void> {
  const rows = await connection.query(
    `SELECT datname::text FROM pg_catalog.pg_database WHERE datname = ${literal(name)}`,
  );
  if (rows.length === 0) return;
  throw new ExpectedError({
    code: "scratch",
    reason: `the scripts run only in a database called ${JSON.stringify(name)}, and this server has one already`,
    remedy: "rehearse on another server, or without --scratch",
  });
}

/** A run holds the lock of its database's name as long as it lives. */
async function dropAbandoned(connection: ScratchConnection): Promise<void> {
  const rows = await connection.query(
    `SELECT d.datname::text FROM pg_catalog.pg_database d
     LEFT JOIN LATERAL pg_catalog.shobj_description(d.oid, 'pg_database') AS mark ON true
     WHERE (mark = ${literal(MARK)} OR mark IS NULL AND d.datname ~ '^rowpatch_rehearsal_[0-9]+_[0-9a-f]{8}$')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory' AND l.classid = ${LOCKS}
         AND l.objid::bigint = (pg_catalog.hashtext(d.datname::text)::bigint & 4294967295))`,
  );
  for (const [name] of rows) {
    await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(String(name))} WITH (FORCE)`);
  }
}

/** Not every role may read it. */
async function identifierOf(connection: ScratchConnection): Promise<string | undefined> {
  try {
    const [row = []] = await connection.query(
      "SELECT system_identifier::text FROM pg_catalog.pg_control_system()",
    );
    return String(row[0]);
  } catch {
    return undefined;
  }
}
