/**
 * A live database as one side of a comparison: one snapshot, rows through COPY, sequences, provenance. Interprets nothing.
 */
import { ExpectedError } from "../errors.ts";
import { nameKey, type TableName } from "../names.ts";
import type { Environment } from "./connection/parameters.ts";
import { type ConnectionTarget, resolveConnection } from "./connection.ts";
import { demandUnchanged, type HeldTable, holdTables } from "./live/hold.ts";
import { type Lanes, openLanes } from "./live/lanes.ts";
import { readPart } from "./live/rows.ts";
import { readSequences } from "./live/sequences.ts";
import type { Session } from "./live/session.ts";
import type { DatabaseSource, Prepared, Provenance } from "./source.ts";

/** The environment of libpq's variables, and what interrupts. */
export interface OpenOptions {
  readonly env: Environment;
  /** Cancels what the server runs; whoever waits gets `interrupted`. */
  readonly signal?: AbortSignal;
  /** The snapshot is exported, so that `prepare` can open further connections into it. */
  readonly several?: boolean;
}

const OLDEST = 130000;

/**
 * Opens a database in one REPEATABLE READ READ ONLY snapshot under the settings of session.ts; the caller disposes of it.
 *
 * One connection until `prepare` opens more: queries wait for each other, and while `lines` runs nothing else can (an error of the
 * program, not a failure). `lines` may be left early; the server then stops, and the snapshot stands.
 *
 * @throws ExpectedError `connection_string`, `connection`, `server_unsupported`, `query`, `interrupted`
 */
export async function openDatabase(
  connectionString: string,
  { env, signal, several = false }: OpenOptions,
): Promise<DatabaseSource> {
  const target = await resolveConnection(connectionString, env);
  const lanes = await openLanes(target, { signal, several });
  try {
    return await describeSource(lanes, target);
  } catch (cause) {
    await lanes[Symbol.asyncDispose]();
    throw cause;
  }
}

async function describeSource(lanes: Lanes, target: ConnectionTarget): Promise<DatabaseSource> {
  const { versionNumber, role, provenance } = await readProvenance(lanes.first, target);
  let partitioned: Promise<ReadonlySet<string>> | undefined;
  let held: ReadonlyMap<string, HeldTable> = new Map();
  /** Such a table holds no rows itself, and COPY refuses it. */
  const isPartitioned = async (table: TableName): Promise<boolean> => {
    const key = nameKey(table);
    const known = held.get(key);
    if (known) return known.isPartitioned;
    partitioned ??= lanes.useFirst(readPartitioned);
    return (await partitioned).has(key);
  };
  return {
    kind: "database",
    provenance,
    versionNumber,
    query: (text, parameters = []) =>
      lanes.useFirst((session) =>
        session.query({ text, parameters, doing: "reading the catalog" }),
      ),
    queryAll: (texts) => lanes.useFirst((session) => queryAll(session, texts)),
    async *lines(request) {
      for (const part of request.parts) {
        if (await isPartitioned(part)) continue;
        yield* readPart({ lanes, role, versionNumber, held, request }, part);
      }
    },
    async prepare({ tables, connections }): Promise<Prepared> {
      // Connecting takes as long as locking. Both end before a failure is told.
      const widening = lanes.widen(connections);
      const [holding] = await Promise.allSettled([
        holdTables(lanes.first, tables, target.display),
        widening,
      ]);
      if (holding.status === "rejected") throw holding.reason;
      held = holding.value;
      const bytes = new Map([...held].map(([key, table]) => [key, table.bytes]));
      return { connections: await widening, bytes };
    },
    async settle(): Promise<void> {
      await lanes.narrow();
      const loose = [...held.values()].filter(({ isLocked }) => !isLocked);
      const names = loose.map(({ name }) => name);
      if (names.length > 0) await demandUnchanged(lanes.first, names, target.display);
    },
    sequences: () => lanes.useFirst((session) => readSequences(session, target)),
    [Symbol.asyncDispose]: () => lanes[Symbol.asyncDispose](),
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

async function queryAll<K extends string>(
  session: Session,
  texts: Readonly<Record<K, string>>,
): Promise<Readonly<Record<K, (string | null)[][]>>> {
  const names = Object.keys(texts);
  const rows = await session.queryAll({
    texts: Object.values<string>(texts),
    doing: "reading the catalog",
  });
  // One for each name.
  return Object.fromEntries(names.map((name, n) => [name, rows[n] ?? []])) as Record<
    K,
    (string | null)[][]
  >;
}

async function readPartitioned(session: Session): Promise<ReadonlySet<string>> {
  const rows = await session.query({
    text: `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p'`,
    doing: "listing partitioned tables",
  });
  return new Set(rows.map(([schema, name]) => nameKey({ schema: `${schema}`, name: `${name}` })));
}
