/**
 * Compares all tables, one after the other, and collects their changes.
 */
import { constrainedColumns, type TablePair } from "../catalog/pair.ts";
import type { ReadSides } from "../catalog/sides.ts";
import type { Finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import type { Progress } from "../progress.ts";
import type { Source } from "../sources/source.ts";
import { type Collected, type CollectRequest, collectChanges, collectKeyless } from "./collect.ts";
import { type Policy, policyFindings } from "./policy.ts";
import { sequencesOf } from "./sequences.ts";
import { spillFiles } from "./spill-files.ts";
import type { Spool } from "./spool.ts";

export interface CollectTablesRequest {
  readonly pairs: readonly TablePair[];
  readonly sides: ReadSides;
  /** Conditions that narrow the rows. */
  readonly filters: ReadonlyMap<TablePair, string>;
  readonly policy: Policy;
  readonly spool: Spool;
  /** For what pairing does not hold in memory; removed by who made it. */
  readonly directory: string;
  /** Bytes that pairing may hold. */
  readonly memory: number;
  readonly progress: Progress;
  /** Of both sides, for whoever watches. */
  readonly expectedRows?: number | undefined;
  readonly signal?: AbortSignal;
}

export interface CollectedTables {
  readonly byPair: ReadonlyMap<TablePair, Collected>;
  readonly findings: readonly Finding[];
}

/** Every table's changes go to the spool. @throws ExpectedError for rows that cannot be read. */
export async function collectTables(request: CollectTablesRequest): Promise<CollectedTables> {
  const { pairs, sides, policy, signal } = request;
  const byPair = new Map<TablePair, Collected>();
  const findings: Finding[] = [];
  for (const [done, pair] of readingOrder(pairs, sides.production).entries()) {
    signal?.throwIfAborted();
    const event = {
      kind: "comparing",
      table: pair.name,
      tables: { done, of: pairs.length },
      ...(request.expectedRows === undefined ? {} : { expectedRows: request.expectedRows }),
    } as const;
    request.progress(event);
    const collect = pair.key ? collectChanges : collectKeyless;
    const collected = await collect({
      ...tableRequest(request, pair),
      pairing: {
        memoryBudget: request.memory,
        spill: spillFiles(request.directory, `pending${done}`),
        ...(signal ? { signal } : {}),
        onRead: (_side, bytes) => request.progress(event, bytes),
      },
      onRows: (rows) => request.progress(event, 0, rows),
    });
    byPair.set(pair, collected);
    const { counts } = collected;
    findings.push(
      ...collected.findings,
      ...policyFindings(sides.catalogs.production, pair, { counts, policy }),
    );
  }
  return { byPair, findings };
}

function tableRequest(
  { sides, filters, policy, spool }: CollectTablesRequest,
  pair: TablePair,
): Omit<CollectRequest, "pairing" | "onRows"> {
  const { production, local, catalogs } = sides;
  const where = filters.get(pair);
  return {
    pair,
    production,
    local,
    catalog: catalogs.production,
    spool,
    context: constrainedColumns(catalogs.production, pair),
    sequenceColumns: sequencesOf(catalogs.production, pair.production).map(({ column }) => column),
    ...(where === undefined ? {} : { where }),
    withholdDeletes: policy.deletes === "withhold",
  };
}

/** Tables in the order in which a dump holds them, so that it is read from front to back. */
function readingOrder(pairs: readonly TablePair[], production: Source): readonly TablePair[] {
  if (production.kind === "database") return pairs;
  const places = new Map(production.blocks.map(({ table }, index) => [nameKey(table), index]));
  const last = production.blocks.length;
  const placed = pairs.map((pair) => ({
    pair,
    place: Math.min(...pair.parts.production.map((name) => places.get(nameKey(name)) ?? last)),
  }));
  return placed.sort((a, b) => a.place - b.place).map(({ pair }) => pair);
}
