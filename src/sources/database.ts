/**
 * A live database as one side of a comparison: one snapshot, rows through COPY, sequences, provenance. Interprets nothing.
 */
import { ExpectedError } from "../errors.ts";
import {
  formatIdentifier,
  formatName,
  nameKey,
  printable,
  quoteIdentifier,
  quoteName,
  type TableName,
} from "../names.ts";
import type { Environment } from "./connection/parameters.ts";
import { type ConnectionTarget, resolveConnection } from "./connection.ts";
import { readSequences } from "./live/sequences.ts";
import { openSession, type Session } from "./live/session.ts";
import type { DatabaseSource, LinesRequest, Provenance } from "./source.ts";

/** The environment of libpq's variables, and what interrupts. */
export interface OpenOptions {
  readonly env: Environment;
  /** Cancels what the server runs; whoever waits gets `interrupted`. */
  readonly signal?: AbortSignal;
}

const OLDEST = 130000;

/**
 * Opens a database in one REPEATABLE READ READ ONLY snapshot under the settings of session.ts; the caller disposes of it.
 *
 * One connection: queries wait for each other, and while `lines` runs nothing else can (an error of the program, not a failure).
 * `lines` may be left early; the server then stops, and the snapshot stands.
 *
 * @throws ExpectedError `connection_string`, `connection`, `server_unsupported`, `query`, `interrupted`
 */
export async function openDatabase(
  connectionString: string,
  { env, signal }: OpenOptions,
): Promise<DatabaseSource> {
  const target = await resolveConnection(connectionString, env);
  const session = await openSession(target, signal);
  try {
    return await describeSource(session, target);
  } catch (cause) {
    await session[Symbol.asyncDispose]();
    throw cause;
  }
}

async function describeSource(session: Session, target: ConnectionTarget): Promise<DatabaseSource> {
  const { versionNumber, role, provenance } = await readProvenance(session, target);
  let holdsNone: ReadonlySet<string> | undefined;
  return {
    kind: "database",
    provenance,
    versionNumber,
    query: (text, parameters = []) =>
      session.query({ text, parameters, doing: "reading the catalog" }),
    async *lines(request) {
      holdsNone ??= await readPartitioned(session);
      for (const part of request.parts) {
        if (!holdsNone.has(nameKey(part))) yield* readPart({ session, request, part, role });
      }
    },
    sequences: () => readSequences(session, target),
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

interface Described {
  readonly versionNumber: number;
  readonly role: string;
  readonly provenance: Provenance;
}

async function readProvenance(session: Session, { display }: ConnectionTarget): Promise<Described> {
  const [row = []] = await session.query({ text: ABOUT, doing: "asking for the server's version" });
  const [version, number, encoding, database, createdAt, role, mayIdentify] = row.map(String);
  if (!version || !number || !encoding || !database || !createdAt || !role) {
    throw new Error("the server says nothing of itself");
  }
  const versionNumber = Number(number);
  if (versionNumber < OLDEST) {
    throw new ExpectedError({ code: "server_unsupported", display, version });
  }
  const systemIdentifier = mayIdentify === "t" ? await readIdentifier(session) : undefined;
  const provenance: Provenance = {
    kind: "database",
    display,
    database,
    serverVersion: version,
    createdAt,
    encoding,
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
  };
  return { versionNumber, role, provenance };
}

const ABOUT = `
SELECT pg_catalog.current_setting('server_version'), pg_catalog.current_setting('server_version_num'),
  pg_catalog.current_setting('server_encoding'), pg_catalog.current_database(),
  pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), current_user,
  -- Some hosts keep it from everyone.
  (SELECT pg_catalog.has_function_privilege(oid, 'EXECUTE') FROM pg_catalog.pg_proc
    WHERE proname = 'pg_control_system' AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace)`;

async function readIdentifier(session: Session): Promise<string | undefined> {
  try {
    const [row] = await session.query({
      text: "SELECT system_identifier FROM pg_catalog.pg_control_system()",
      doing: "asking for the system identifier",
    });
    return row?.[0] ?? undefined;
  } catch (cause) {
    // Servers that only speak like PostgreSQL may have no control file.
    if (cause instanceof ExpectedError && cause.failure.code === "query") return undefined;
    throw cause;
  }
}

/** Partitioned tables hold no rows themselves, and COPY refuses them. */
async function readPartitioned(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query({
    text: `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p'`,
    doing: "listing partitioned tables",
  });
  return new Set(rows.map(([schema, name]) => nameKey({ schema: `${schema}`, name: `${name}` })));
}

interface PartRequest {
  readonly session: Session;
  readonly request: LinesRequest;
  readonly part: TableName;
  readonly role: string;
}

async function* readPart({ session, request, part, role }: PartRequest): AsyncGenerator<Buffer> {
  const { where } = request;
  const columns = request.columns.map(quoteIdentifier).join(", ");
  const task = {
    doing: `reading ${formatName(part)}${where === undefined ? "" : ` where ${printable(where)}`}`,
    grant: `GRANT SELECT ON ${formatName(part)} TO ${formatIdentifier(role)} (and USAGE on its schema)`,
  };
  if (where === undefined && columns !== "") {
    // Never reads the rows of tables that inherit from this one.
    yield* session.copy({ ...task, text: `COPY ${quoteName(part)} (${columns}) TO STDOUT` });
    return;
  }
  // The line breaks end a comment in the condition.
  const from = `FROM ONLY ${quoteName(part)} WHERE (\n${where ?? "true"}\n)`;
  // Prepared on its own first: that refuses a second statement, which COPY, sent as plain text, would let through.
  if (where !== undefined) await session.query({ ...task, text: `SELECT ${from} LIMIT 0` });
  yield* session.copy({ ...task, text: `COPY (SELECT ${columns} ${from}) TO STDOUT` });
}
