/**
 * Both sides with their catalogs. A dump that holds data only has none: it takes the other side's, and says so.
 */
import { setImmediate } from "node:timers/promises";
import { ExpectedError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import { nameKey, type TableName } from "../names.ts";
import type { Source } from "../sources/source.ts";
import { tableByName } from "./lookup.ts";
import { readCatalog } from "./snapshot.ts";
import type { Catalog } from "./types.ts";

/** One of each. */
export interface Sides<T> {
  readonly production: T;
  readonly local: T;
}

/** Both sides, ready to be compared. */
export interface ReadSides extends Sides<Source> {
  readonly catalogs: Sides<Catalog>;
  readonly findings: readonly Finding[];
}

/**
 * Reads both catalogs. The sources that it returns know the columns of their tables; whoever opened those handed in disposes of them.
 *
 * @throws ExpectedError `query`, `ddl_unreadable`; `definitions_missing` where both sides hold data only.
 */
export async function readSides({ production, local }: Sides<Source>): Promise<ReadSides> {
  // A server works while the other side's DDL is read, which never waits: it must have been asked before. Both end before a failure
  // is told, always the same one.
  const read = await Promise.allSettled([readInTurn(production), readInTurn(local)]);
  const own = { production: settled(read[0]), local: settled(read[1]) };
  const borrows = {
    production: holdsDataOnly(production, own.production),
    local: holdsDataOnly(local, own.local),
  };
  if (borrows.production && borrows.local) {
    throw new ExpectedError({
      code: "definitions_missing",
      production: production.provenance.display,
      local: local.provenance.display,
    });
  }
  const catalogs = {
    production: borrows.production ? own.local : own.production,
    local: borrows.local ? own.production : own.local,
  };
  return {
    production: withColumns(production, catalogs.production, borrows.production),
    local: withColumns(local, catalogs.local, borrows.local),
    catalogs,
    findings: (["production", "local"] as const)
      .filter((side) => borrows[side])
      .map((side) => finding({ code: "catalog_borrowed", side })),
  };
}

async function readInTurn(source: Source): Promise<Catalog> {
  if (source.kind === "dump") await setImmediate();
  return readCatalog(source);
}

function settled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

/** Whether a dump has rows but defines no table. */
export function holdsDataOnly(source: Source, catalog: Catalog): boolean {
  return source.kind === "dump" && source.blocks.length > 0 && catalog.tables.length === 0;
}

/** The source, which no longer has to be told what the columns of its tables are. */
export function withColumns(source: Source, catalog: Catalog, borrowed = false): Source {
  if (source.kind === "database") return source;
  const columnsOf = (part: TableName): readonly string[] | undefined =>
    tableByName(catalog)
      .get(nameKey(part))
      ?.columns.map(({ name }) => name);
  return {
    ...source,
    ...(borrowed ? { tablesFrom: "other side" as const } : {}),
    lines: (request) => source.lines({ columnsOf, ...request }),
  };
}
