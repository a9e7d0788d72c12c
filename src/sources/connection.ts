/**
 * From what the user wrote to how to connect: connection string, service, environment and defaults, in libpq's order of precedence.
 * The result prints without its password. Opens no connection.
 */
import { existsSync } from "node:fs";
import type { ClientConfig } from "pg";
import { homeFolder, systemUser } from "./connection/home.ts";
import { type Environment, PARAMETERS, type Parameters } from "./connection/parameters.ts";
import { findPassword } from "./connection/password.ts";
import { readService } from "./connection/service.ts";
import { parseConnectionString, unreadable } from "./connection/string.ts";
import { protections } from "./connection/tls.ts";

/** A database that can be connected to. */
export interface ConnectionTarget {
  /** The database as a URL without password, for every message and file: `postgres://me@db.example:5433/shop`. */
  readonly display: string;
  /** Ways to try in this order: `sslmode=prefer` has two. The password is a function, asked when the server asks. */
  readonly configs: readonly ClientConfig[];
}

/**
 * Reads a connection string (`postgres://...`, `host=... dbname=...`, `service=...`) as libpq does; what it leaves open comes from
 * its service, then from the `PG...` variables of `env`, then from libpq's defaults. Reads service, certificate and password files.
 *
 * @throws ExpectedError `connection_string`; it repeats nothing that could be a password.
 */
export async function resolveConnection(text: string, env: Environment): Promise<ConnectionTarget> {
  const parameters = await complete(parseConnectionString(text), env);
  for (const [name, { only }] of PARAMETERS) {
    const value = parameters.get(name);
    if (only !== undefined && value !== undefined && !only.includes(value)) {
      throw unreadable(`rowpatch cannot do what ${name} asks for; leave it out`);
    }
  }
  const place = locate(parameters);
  const password = () => findOrFail(parameters, place, env);
  const shared: ClientConfig = {
    host: place.host,
    port: place.port,
    user: place.user,
    database: place.database,
    password,
    application_name: "rowpatch",
    connectionTimeoutMillis: timeout(parameters.get("connect_timeout")),
    keepAlive: true,
    // An empty text, since pg would look into the process's own environment otherwise.
    options: parameters.get("options") ?? "",
    enableChannelBinding: parameters.get("channel_binding") === "require",
    ...(parameters.get("sslnegotiation") === "direct" ? { sslnegotiation: "direct" } : {}),
  };
  const ways = place.host.startsWith("/") ? [false as const] : await protections(parameters, env);
  return { display: show(place), configs: ways.map((ssl) => ({ ...shared, ssl })) };
}

/** Adds what service and environment say about parameters that are not given. */
async function complete(given: Parameters, env: Environment): Promise<Parameters> {
  const all = new Map(given);
  const service = given.get("service") ?? env["PGSERVICE"];
  if (service) {
    const file = given.get("servicefile");
    for (const [name, value] of await readService({ service, file, env })) {
      if (!all.has(name)) all.set(name, value);
    }
  }
  for (const [name, { variable }] of PARAMETERS) {
    const value = variable === undefined ? undefined : env[variable];
    if (!all.has(name) && value !== undefined) all.set(name, value);
  }
  return all;
}

interface Place {
  /** Host name, address, or folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** What the password file calls the host. */
  readonly passwordHost: string;
}

function locate(parameters: Parameters): Place {
  const port = readPort(parameters.get("port"));
  const host = parameters.get("host") || "";
  const reached = parameters.get("hostaddr") || host || defaultHost(port);
  if (reached.includes(",")) throw unreadable("it names several hosts; name one of them");
  if (reached.startsWith("@")) throw unreadable("abstract sockets cannot be used; name a host");
  const user = parameters.get("user") || systemUser();
  if (user === "") throw unreadable("it names no user, and this system's user has no name");
  const database = parameters.get("dbname") || user;
  if (/:\/\/|\bpassword\s*=/.test(database)) {
    throw unreadable("its database name is a connection string itself");
  }
  const passwordHost = SOCKET_FOLDERS.includes(reached) ? "localhost" : host || reached;
  return { host: reached, port, database, user, passwordHost };
}

function readPort(text: string | undefined): number {
  if (!text) return 5432;
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) throw unreadable("its port is no number from 1 to 65535");
  return port;
}

/** Where Debian and PostgreSQL itself put the socket. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"];

function defaultHost(port: number): string {
  const folder = SOCKET_FOLDERS.find((path) => existsSync(`${path}/.s.PGSQL.${port}`));
  return folder ?? "localhost";
}

/** In milliseconds. libpq waits for ever unless told; half a minute is enough for any server that answers. */
function timeout(text: string | undefined): number {
  const seconds = Number(text || 30);
  if (!Number.isInteger(seconds)) throw unreadable("connect_timeout is no whole number of seconds");
  return Math.max(seconds, 0) * 1000;
}

async function findOrFail(parameters: Parameters, place: Place, env: Environment): Promise<string> {
  const given = parameters.get("password");
  if (given) return given;
  const file = parameters.get("passfile");
  const found = await findPassword({ ...place, host: place.passwordHost, file, env });
  if (found !== undefined) return found;
  throw new PasswordMissing(file || `${homeFolder(env)}/.pgpass`);
}

/** The server asks for a password, and there is none. Becomes a failure where the connection is made. */
export class PasswordMissing extends Error {
  override readonly name = "PasswordMissing";
  /** The password file that was asked. */
  readonly file: string;

  constructor(file: string) {
    super("the server asks for a password and none is given");
    this.file = file;
  }
}

function show({ host, port, database, user }: Place): string {
  const name = encodeURIComponent(database);
  const login = encodeURIComponent(user);
  if (host.startsWith("/")) {
    const folder = host.split("/").map(encodeURIComponent).join("/");
    return `postgres://${login}@/${name}?host=${folder}${port === 5432 ? "" : `&port=${port}`}`;
  }
  const shown = host.includes(":") ? `[${host}]` : encodeURIComponent(host);
  return `postgres://${login}@${shown}${port === 5432 ? "" : `:${port}`}/${name}`;
}
