/**
 * Scratch databases on a server that speaks PostgreSQL's protocol: made, run in by psql, kept or dropped.
 */
import { createHash } from "node:crypto";
import { quoteIdentifier } from "../../names.ts";
import { shellQuote } from "../../outputs/run-lines.ts";
import { literal } from "../../script/sql.ts";
import { psqlRunner } from "./runner.ts";
import {
  atDatabase,
  connectionString,
  connectTo,
  type NewDatabase,
  openPlace,
  type Place,
  type ScratchDatabase,
} from "./server.ts";

/** A place where databases can be made. */
export interface Host {
  /** Of the database from which others are made. */
  readonly place: Place;
  /** Nobody else uses the server: a database of the same name is the one that every new server has. */
  readonly own?: boolean;
  /** Where psql is besides PATH. */
  readonly binaries?: string;
  /** Holds psql where the machine has none. */
  readonly container?: string;
  readonly signal?: AbortSignal;
  /** Called when the database shall stay; gives the line that removes it. */
  readonly keep: (name: string) => Promise<string>;
}

/** Makes a database. Dropping it is for the caller. */
export async function makeDatabase(host: Host, request: NewDatabase): Promise<ScratchDatabase> {
  const { place, signal, keep } = host;
  const own = atDatabase(place, request.name);
  {
    await using connection = await connectTo(place, signal);
    const { name } = request;
    await connection.query(`SET application_name = ${literal(makerOf(name))}`);
    if (host.own) await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
    await connection.query(await creation(connection, request));
  }
  return {
    name: request.name,
    runner: await psqlRunner({ place: own, ...optional(host) }),
    connect: () => connectTo(own, signal),
    open: () => openPlace(own, signal),
    keep: async () => [`psql ${shellQuote(connectionString(own))}`, await keep(request.name)],
  };
}

/** Drops a database, also while a session that has lost its client is still making it: one statement after the other. */
export function dropStatements(name: string): readonly string[] {
  const maker = `FROM pg_catalog.pg_stat_activity WHERE application_name = ${literal(makerOf(name))} AND pid <> pg_catalog.pg_backend_pid()`;
  return [
    `SELECT pg_catalog.pg_terminate_backend(pid) ${maker}`,
    `DO $wait$ BEGIN
  FOR turn IN 1..200 LOOP
    PERFORM pg_catalog.pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT ${maker});
    PERFORM pg_catalog.pg_sleep(0.05);
  END LOOP;
END $wait$`,
    `DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`,
  ];
}

/** As which the session that makes a database is known: names of databases may be too long for it. */
function makerOf(name: string): string {
  return `rowpatch makes ${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
}

function optional({
  binaries,
  container,
  signal,
}: Host): Pick<Host, "binaries" | "container" | "signal"> {
  return {
    ...(binaries ? { binaries } : {}),
    ...(container ? { container } : {}),
    ...(signal ? { signal } : {}),
  };
}

/** Copies go by file where the server can: much faster for large ones. */
async function creation(
  connection: Awaited<ReturnType<typeof connectTo>>,
  { name, encoding, template }: NewDatabase,
): Promise<string> {
  if (template === undefined) {
    return `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE template0 ENCODING ${literal(encoding)}${encoding === "UTF8" ? "" : " LOCALE 'C'"}`;
  }
  const [row = []] = await connection.query(
    "SELECT pg_catalog.current_setting('server_version_num')",
  );
  const strategy = Number(row[0]) >= 150000 ? " STRATEGY FILE_COPY" : "";
  return `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE ${quoteIdentifier(template)}${strategy}`;
}
