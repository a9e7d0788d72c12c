/**
 * A scratch server as the rehearsal sees it, whatever it runs on; and what servers that speak the protocol have in common.
 */
import type { Client } from "pg";
import type { Parameters } from "../../sources/connection/parameters.ts";
import { resolveConnection } from "../../sources/connection.ts";
import { openDatabase } from "../../sources/database.ts";
import { connect } from "../../sources/live/connect.ts";
import type { DatabaseSource } from "../../sources/source.ts";
import type { ScriptRunner } from "../psql.ts";
import { clientTarget, type RestoreTarget } from "../restore-target.ts";

export type ScratchKind = "url" | "binaries" | "docker" | "pglite";

/** A connection to a scratch database. */
export interface ScratchConnection extends RestoreTarget, AsyncDisposable {}

/** A server with room for a scratch database. Disposing of it leaves nothing behind. */
export interface ScratchServer extends AsyncDisposable {
  readonly kind: ScratchKind;
  /** Where it is, for people: no password in it. */
  readonly description: string;
  /** As the server prints it. */
  readonly version: string;
  readonly versionNumber: number;
  /** `system_identifier` of pg_control_system(), where the server may be production's own. */
  readonly systemIdentifier?: string;
  /** Whether nothing but the rehearsal uses it. */
  readonly own: boolean;
  /** Makes the database. It is dropped when the server is disposed of, unless it is kept. */
  createDatabase(request: NewDatabase): Promise<ScratchDatabase>;
}

export interface NewDatabase {
  readonly name: string;
  /** Whether the scripts run in a database of this name only. */
  readonly expected: boolean;
  /** As PostgreSQL spells it. */
  readonly encoding: string;
  /** A database of the same server to copy. */
  readonly template?: string;
}

export interface ScratchDatabase {
  readonly name: string;
  readonly runner: ScriptRunner;
  connect(): Promise<ScratchConnection>;
  /** As one side of a comparison. */
  open(): Promise<DatabaseSource>;
  /** Leaves it where it is. The lines tell how to connect, and how to be rid of it. */
  keep(): Promise<readonly string[]>;
}

/** Where a database is. The password stands apart, for it must not be seen in lists of processes. */
export interface Place {
  readonly parameters: Parameters;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A place's connection string, without its password. */
export function connectionString({ parameters }: Place): string {
  return [...parameters]
    .filter(([name]) => name !== "password")
    .map(([name, value]) => `${name}='${value.replace(/['\\]/g, "\\$&")}'`)
    .join(" ");
}

/** The environment for programs of libpq. */
export function environment({ parameters, env }: Place): Record<string, string | undefined> {
  const password = parameters.get("password");
  return { ...env, ...(password === undefined ? {} : { PGPASSWORD: password }) };
}

/** The same server, another database. */
export function atDatabase({ parameters, env }: Place, database: string): Place {
  return { env, parameters: new Map([...parameters, ["dbname", database]]) };
}

/** Connects. @throws ExpectedError `connection`, `interrupted` */
export async function connectTo(place: Place, signal?: AbortSignal): Promise<ScratchConnection> {
  const client = await clientOf(place, signal);
  return { ...clientTarget(client), [Symbol.asyncDispose]: () => client.end() };
}

async function clientOf(place: Place, signal: AbortSignal | undefined): Promise<Client> {
  const target = await resolveConnection(connectionString(place), environment(place));
  const { client } = await connect(target, signal);
  return client;
}

/** Opens a database as one side of a comparison. @throws ExpectedError as openDatabase */
export function openPlace(place: Place, signal?: AbortSignal): Promise<DatabaseSource> {
  return openDatabase(connectionString(place), {
    env: environment(place),
    ...(signal ? { signal } : {}),
  });
}

/** Version of the server behind a connection. */
export async function serverVersion(
  connection: Pick<RestoreTarget, "query">,
): Promise<{ readonly version: string; readonly versionNumber: number }> {
  const [row = []] = await connection.query(
    "SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num')",
  );
  return { version: String(row[0]), versionNumber: Number(row[1]) };
}

/** Environment without libpq's variables: what is meant for another server. */
export function withoutLibpq(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^PG[A-Z]+$/.test(name)));
}
