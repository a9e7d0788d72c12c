/**
 * Live production for a rehearsal: copied by the server where it is the scratch server itself, else definitions by pg_dump and rows
 * by COPY out of one snapshot.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ExpectedError } from "../errors.ts";
import { parseConnectionString } from "../sources/connection/string.ts";
import { openDatabase } from "../sources/database.ts";
import { openDump } from "../sources/dump.ts";
import { finalProvenance } from "../sources/provenance.ts";
import type { DatabaseSource, DumpSource } from "../sources/source.ts";
import { type Production, type ProductionRequest, restoreInto } from "./production.ts";
import { connectionString, environment, type Place, type ScratchServer } from "./scratch/server.ts";

const execute = promisify(execFile);

/** Opens it. `directory` takes the definitions. @throws ExpectedError `scratch` where they cannot be had. */
export async function openLiveProduction(
  request: ProductionRequest,
  directory: string,
): Promise<Production> {
  const { env, signal } = request;
  const place: Place = { env, parameters: parseConnectionString(request.production) };
  const open = () => openDatabase(request.production, { env, ...(signal ? { signal } : {}) });
  let database = await open();
  try {
    const provenance = await finalProvenance(database);
    const encoding = provenance.encoding === "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
    let isCopied = false;
    return {
      provenance,
      digested: async () => provenance,
      async create(server, name) {
        if (await isAlone(database, server)) {
          // A template may have no sessions, ours included.
          await database[Symbol.asyncDispose]();
          const template = provenance.database ?? "";
          const copy = await attemptCopy(() =>
            server.createDatabase({ ...name, encoding, template }),
          );
          database = await open();
          isCopied = copy !== undefined;
          if (copy !== undefined) return copy;
        }
        return server.createDatabase({ ...name, encoding });
      },
      async restore(connection, wanted) {
        if (isCopied) return { leftOut: [] };
        await using definitions = await dumpDefinitions(place, join(directory, "schema.sql"));
        return restoreInto(connection, await filledBy(database, definitions), wanted);
      },
      source: async () => database,
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    };
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
}

/** Whether the server can copy the database itself: it is the same server, and nobody but us is connected. */
async function isAlone(
  { provenance, query }: DatabaseSource,
  { systemIdentifier }: ScratchServer,
): Promise<boolean> {
  if (systemIdentifier === undefined || systemIdentifier !== provenance.systemIdentifier) {
    return false;
  }
  const others = await query(
    `SELECT pid FROM pg_catalog.pg_stat_activity
     WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()`,
  );
  return others.length === 0;
}

/** Somebody may have connected in between, or the role may not copy it: `undefined`. */
async function attemptCopy<T>(copy: () => Promise<T>): Promise<T | undefined> {
  try {
    return await copy();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "55006" || code === "42501") return undefined;
    throw error;
  }
}

async function dumpDefinitions(place: Place, path: string): Promise<DumpSource> {
  try {
    const args = ["--schema-only", "--no-owner", "-d", connectionString(place), "-f", path];
    await execute("pg_dump", args, { env: environment(place) });
  } catch (cause) {
    const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new ExpectedError(
      {
        code: "scratch",
        reason: isMissing
          ? "copying a live production needs its definitions, and there is no pg_dump on this machine"
          : `pg_dump could not read production's definitions: ${said}`,
        remedy: "rehearse with --production and the path of a dump instead",
      },
      { cause },
    );
  }
  return openDump(path);
}

/** The definitions with the rows and sequences of the database. */
async function filledBy(database: DatabaseSource, definitions: DumpSource): Promise<DumpSource> {
  const rows = await database.query(ROWS);
  const blocks = rows.map(([schema, name, columns]) => ({
    table: { schema: String(schema), name: String(name) },
    columns: (JSON.parse(columns ?? "[]") as unknown[]).map(String),
  }));
  return {
    ...definitions,
    provenance: { ...definitions.provenance, encoding: database.provenance.encoding },
    blocks,
    lines: (request) => database.lines(request),
    sequences: () => database.sequences(),
  };
}

/** What pg_dump would copy: tables that are not an extension's, without their generated columns. */
const ROWS = `SELECT n.nspname, c.relname,
    (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
  ORDER BY n.nspname, c.relname`;
