/**
 * Scratch databases on a server that speaks PostgreSQL's protocol: made, run in by psql, kept or dropped.
 */
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
