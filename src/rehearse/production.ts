/**
 * Production as the rehearsal needs it: a way into the scratch database, and a side to compare with.
 */
import { ExpectedError } from "../errors.ts";
import { formatName, quoteName } from "../names.ts";
import { literal, qualified, sql } from "../script/sql.ts";
import { openDump } from "../sources/dump.ts";
import { isConnection } from "../sources/open.ts";
import { finalProvenance } from "../sources/provenance.ts";
import type { DumpSource, Provenance, Source } from "../sources/source.ts";
import type { Bundle } from "./bundle.ts";
import type { LeftOut } from "./evidence.ts";
import { openLiveProduction } from "./live-production.ts";
import { type Restored, restoreDump } from "./restore.ts";
import type {
  NewDatabase,
  ScratchConnection,
  ScratchDatabase,
  ScratchServer,
} from "./scratch/server.ts";

export interface Production extends AsyncDisposable {
  readonly provenance: Provenance;
  /** With the digest of a dump, which is read once more for it. May run beside everything else. */
  digested(): Promise<Provenance>;
  /** Makes the scratch database: empty, or as a copy. */
  create(
    server: ScratchServer,
    name: Pick<NewDatabase, "name" | "expected">,
  ): Promise<ScratchDatabase>;
  /** Fills the scratch database. @throws ExpectedError `scratch` if it cannot hold what the bundle touches. */
  restore(
    connection: ScratchConnection,
    request: RestoreRequest,
  ): Promise<{ readonly leftOut: readonly LeftOut[] }>;
  /** To compare with; closed with this. */
  source(): Promise<Source>;
}

export interface RestoreRequest {
  readonly bundle: Bundle;
  readonly server: ScratchServer;
}

export interface ProductionRequest {
  readonly production: string;
  readonly database?: string;
  readonly scratch?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Opens production. The caller disposes of it. `directory` takes working files. */
export async function openProduction(
  request: ProductionRequest,
  directory: string,
): Promise<Production> {
  if (isConnection(request.production)) return openLiveProduction(request, directory);
  const dump = await openDump(
    request.production,
    request.database === undefined ? {} : { database: request.database },
  );
  return dumpProduction(dump);
}

function dumpProduction(dump: DumpSource): Production {
  return {
    provenance: dump.provenance,
    digested: () => finalProvenance(dump),
    create: (server, name) =>
      server.createDatabase({
        ...name,
        encoding: dump.provenance.encoding === "SQL_ASCII" ? "SQL_ASCII" : "UTF8",
      }),
    restore: (connection, request) => restoreInto(connection, dump, request),
    source: async () => dump,
    [Symbol.asyncDispose]: () => dump[Symbol.asyncDispose](),
  };
}

/** Restores, and refuses if what the bundle touches is not all there. */
export async function restoreInto(
  connection: ScratchConnection,
  dump: DumpSource,
  { bundle, server }: RestoreRequest,
): Promise<{ readonly leftOut: readonly LeftOut[] }> {
  if (dump.ddl.length === 0) {
    throw new ExpectedError({
      code: "scratch",
      reason: `${dump.provenance.display} defines no tables, so it cannot be restored`,
      remedy: "rehearse with a dump that was made without --data-only",
    });
  }
  const restored = await restoreDump(dump, connection, { createRoles: server.own });
  await expectTables(connection, bundle, restored);
  for (const { table } of bundle.tables) {
    await connection.query(sql`ANALYZE ${qualified(table)}`);
  }
  return { leftOut: restored.failures.map(({ place, reason }) => ({ place, reason })) };
}

async function expectTables(
  connection: ScratchConnection,
  { tables }: Bundle,
  { failures }: Restored,
): Promise<void> {
  for (const { table, columns } of tables) {
    const name = formatName(table);
    const rows = await connection.query(
      sql`SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass(${literal(quoteName(table))}) AND attnum > 0 AND NOT attisdropped`,
    );
    const there = new Set(rows.map(([column]) => String(column)));
    const lost = failures.find(({ place }) => place === `rows of ${name}`);
    if (lost === undefined && columns.every((column) => there.has(column))) continue;
    const cause =
      lost ?? failures.find(({ statement }) => statement?.includes(table.name)) ?? failures[0];
    throw new ExpectedError({
      code: "scratch",
      reason: `the scratch server cannot hold ${name}${cause ? `: ${cause.place}: ${cause.reason}` : ""}`,
      remedy: "rehearse on a server that has what production has, with --scratch or --image",
    });
  }
}
