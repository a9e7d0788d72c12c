/**
 * Databases for tests, on the one server of the run. Tests that need it go into `describe.skipIf(!hasServer)`.
 */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { run } from "./programs.ts";
import type { TestServer } from "./server/types.ts";

const state = inject("testServer");

/** False where the run found no server: database tests are then skipped by name. */
export const hasServer: boolean = state.kind === "server";

/** The server of this run. @throws without one. */
export function testServer(): TestServer {
  if (state.kind === "none") throw new Error(`no PostgreSQL server: ${state.reason}`);
  return state.server;
}

/** A database of its own, dropped when disposed of. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** For `openDatabase`, `pg` and psql. */
  readonly url: string;
}

/** How to make a database; all parts may be left out. */
export interface DatabaseOptions {
  /** Statements to run in it, by the simple protocol. */
  readonly sql?: string;
  /** A file for psql, e.g. a plain dump. Fails at the first error. */
  readonly file?: string;
  /** An existing database to copy, which nobody may be connected to. */
  readonly template?: string;
  /** Further options of CREATE DATABASE, such as `ENCODING 'LATIN1' LOCALE 'C'`. */
  readonly options?: string;
  readonly name?: string;
}

/** Creates a database: empty, filled by statements or a file, or as a copy. A text is short for `{sql}`. */
export async function createDatabase(
  options: string | DatabaseOptions = {},
): Promise<TestDatabase> {
  const wanted = typeof options === "string" ? { sql: options } : options;
  const name = wanted.name ?? `t_${randomBytes(6).toString("hex")}`;
  const template = quote(wanted.template ?? "template0");
  const { url: serverUrl, versionNumber } = testServer();
  // The other strategy writes all of it to the log, which takes four times as long.
  const strategy = versionNumber >= 150000 ? "STRATEGY FILE_COPY" : "";
  await execute(
    serverUrl,
    `CREATE DATABASE ${quote(name)} TEMPLATE ${template} ${strategy} ${wanted.options ?? ""}`,
  );
  const url = urlOf(name);
  if (wanted.sql) await execute(url, wanted.sql);
  if (wanted.file) {
    const { exitCode, stderr } = await psql(url, { file: wanted.file });
    if (exitCode !== 0) throw new Error(`psql -f ${wanted.file}: ${stderr}`);
  }
  return { name, url, [Symbol.asyncDispose]: () => dropDatabase(name) };
}

/** Drops a database, with those who are connected. Harmless if it is gone. */
export async function dropDatabase(name: string): Promise<void> {
  await execute(testServer().url, `DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`);
}

/** The URL of another database of the server, or of another user. */
export function urlOf(database: string, user?: string, password?: string): string {
  const url = new URL(testServer().url);
  url.pathname = `/${encodeURIComponent(database)}`;
  if (user !== undefined) url.username = encodeURIComponent(user);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}

/** Runs statements on a connection of their own; the rows of the last one, as `pg` gives them with every value as text. */
export async function execute(url: string, sql: string): Promise<(string | null)[][]> {
  const client = new Client(url);
  await client.connect();
  try {
    const types = { getTypeParser: () => (text: string | Buffer) => text };
    const result = await client.query<(string | null)[]>({ text: sql, rowMode: "array", types });
    const results = Array.isArray(result) ? result : [result];
    return results.at(-1).rows;
  } finally {
    await client.end();
  }
}

/** What a program said. */
export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What psql shall run. */
export interface PsqlOptions {
  readonly file?: string;
  readonly sql?: string;
  /** For `-v name=value`. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly extraArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The psql of this container instead of the machine's. */
  readonly container?: string;
}

/** `psql -X -v ON_ERROR_STOP=1` with a file (`-f`) or SQL on its input, unaligned without headings. */
export function psql(url: string, options: PsqlOptions): Promise<Finished> {
  const { file, sql, variables = {}, extraArgs = [], env = {}, container } = options;
  const set = Object.entries({ ON_ERROR_STOP: "1", ...variables });
  const args = ["-X", "-At", ...set.flatMap(([name, value]) => ["-v", `${name}=${value}`])];
  return run({
    program: "psql",
    url,
    args: [...args, ...extraArgs],
    env,
    file,
    input: sql,
    container,
  });
}

/** pg_dump with these arguments; the dump is on stdout unless `-f` says otherwise. */
export function pgDump(url: string, args: readonly string[] = []): Promise<Finished> {
  return run({ program: "pg_dump", url, args });
}

/**
 * Everything that data scripts could change: count and MD5 of the rows of each table (sorted, so their order does not matter),
 * and the state of each sequence, by name. Equal exactly if the contents are.
 */
export async function contentOf(url: string): Promise<Readonly<Record<string, string>>> {
  const relations = await execute(
    url,
    `SELECT format('%I.%I', n.nspname, c.relname), c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY format('%I.%I', n.nspname, c.relname) COLLATE "C"`,
  );
  const queries = relations.map(([name, kind]) => {
    const label = `'${name?.replaceAll("'", "''")}'`;
    if (kind === "S") {
      return `SELECT ${label}, concat_ws(' ', last_value, CASE WHEN is_called THEN 'called' END) FROM ${name}`;
    }
    return `SELECT ${label}, concat_ws(' ', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"))) FROM ONLY ${name} AS t`;
  });
  if (queries.length === 0) return {};
  const settings = `SET search_path = ''; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres;`;
  const rows = await execute(url, `${settings} ${queries.join("\nUNION ALL\n")}`);
  return Object.fromEntries(rows.map(([name, content]) => [name, content ?? ""]));
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
