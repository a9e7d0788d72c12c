/**
 * PostgreSQL as WebAssembly within this process: one session, no psql; used where there is no other server.
 */
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { ExpectedError } from "../../errors.ts";
import { openDatabase } from "../../sources/database.ts";
import type { DatabaseSource } from "../../sources/source.ts";
import { type DriverSession, driveScript } from "../driver.ts";
import type { RestoreTarget } from "../restore-target.ts";
import type { ScratchRequest } from "./choose.ts";
import { type ScratchDatabase, type ScratchServer, serverVersion, withoutLibpq } from "./server.ts";

/** Starts it. */
export async function startPglite(request: ScratchRequest): Promise<ScratchServer> {
  const [{ PGlite }, version] = await Promise.all([
    import("@electric-sql/pglite"),
    packageVersion(),
  ]);
  const db = await PGlite.create();
  const about = await serverVersion(pgliteTarget(db));
  return {
    kind: "pglite",
    description: `PGlite ${version} within rowpatch`,
    own: true,
    ...about,
    async createDatabase({ name, expected }) {
      if (expected && name !== DATABASE) {
        throw new ExpectedError({
          code: "scratch",
          reason: `the scripts run only in a database called ${JSON.stringify(name)}, and PGlite has but one, called ${DATABASE}`,
          remedy: "name a server with --scratch",
        });
      }
      return pgliteDatabase(db, request);
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
}

const DATABASE = "postgres";

async function packageVersion(): Promise<string> {
  const main = import.meta.resolve("@electric-sql/pglite");
  const about: unknown = JSON.parse(await readFile(new URL("../package.json", main), "utf8"));
  return typeof about === "object" && about !== null && "version" in about
    ? String(about.version)
    : "";
}

function pgliteDatabase(db: PGlite, request: ScratchRequest): ScratchDatabase {
  const session = driverSession(db);
  return {
    name: DATABASE,
    runner: {
      kind: "driver",
      version: "meta-commands interpreted, no psql",
      async run(path) {
        await freshSession(db);
        try {
          return await driveScript(path, session);
        } finally {
          await freshSession(db);
        }
      },
    },
    connect: async () => ({ ...pgliteTarget(db), [Symbol.asyncDispose]: async () => undefined }),
    open: () => openOverSocket(db, request),
    keep: async () => [],
  };
}

/** What a new connection would find. */
async function freshSession(db: PGlite): Promise<void> {
  await db.exec("ROLLBACK");
  await db.exec("DISCARD ALL");
}

/** Comparisons read through PostgreSQL's protocol, on a socket in a folder of their own. */
async function openOverSocket(db: PGlite, request: ScratchRequest): Promise<DatabaseSource> {
  const { PGLiteSocketServer } = await import("@electric-sql/pglite-socket");
  const folder = await mkdtemp(join(request.directory, "pglite-"));
  const server = new PGLiteSocketServer({ db, path: join(folder, ".s.PGSQL.5432") });
  await server.start();
  const close = async (): Promise<void> => {
    await server.stop();
    await freshSession(db);
  };
  try {
    const source = await openDatabase(
      `host='${folder.replace(/['\\]/g, "\\$&")}' port=5432 user=postgres dbname=${DATABASE}`,
      { env: withoutLibpq(request.env), ...(request.signal ? { signal: request.signal } : {}) },
    );
    return {
      ...source,
      async [Symbol.asyncDispose]() {
        await source[Symbol.asyncDispose]();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Rows go in past the socket, which does not carry COPY FROM STDIN. */
export function pgliteTarget(db: PGlite): RestoreTarget {
  return {
    async query(text, values = []) {
      const { rows } = await db.query<unknown[]>(text, [...values], { rowMode: "array" });
      return rows;
    },
    async copy(target, lines) {
      const chunks: Buffer<ArrayBuffer>[] = [];
      for await (const chunk of lines) chunks.push(Buffer.from(chunk));
      await db.query(`COPY ${target} FROM '/dev/blob'`, [], { blob: new Blob(chunks) });
    },
  };
}

function driverSession(db: PGlite): DriverSession {
  return {
    async run(text) {
      // The simple protocol, as psql: the extended one takes several instants for one statement.
      const results = await db.exec(text, { rowMode: "array" });
      const { rows = [], fields = [] } = results.at(-1) ?? {};
      return { names: fields.map(({ name }) => name), rows: rows.map(valuesOf) };
    },
    async copy(text, data) {
      const fromBlob = text.replace(/\bFROM\s+STDIN\b/i, "FROM '/dev/blob'");
      await db.exec(fromBlob, { blob: new Blob([Buffer.from(data)]) });
    },
  };
}

/** Rows are arrays here, which the library's types do not tell. */
function valuesOf(row: unknown): readonly (string | null)[] {
  return Array.isArray(row) ? row.map(textOf) : [];
}

/** As psql would print it. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "t" : "f";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
