/**
 * Compares all tables, several at a time where both sides allow it, and collects their changes.
 */
import type { TablePair } from "../catalog/pair.ts";
import type { ReadSides } from "../catalog/sides.ts";
import { type SlabPool, slabPool } from "../compare/records.ts";
import type { SideName } from "../compare/side.ts";
import type { Finding } from "../findings.ts";
import { nameKey } from "../names.ts";
import type { Progress } from "../progress.ts";
import type { Source } from "../sources/source.ts";
import { type Collected, type CollectRequest, collectChanges, collectKeyless } from "./collect.ts";
import { contextColumns } from "./context.ts";
import { type Policy, policyFindings } from "./policy.ts";
import { sequencesOf } from "./sequences.ts";
import { spillFiles } from "./spill-files.ts";
import type { Spool } from "./spool.ts";
import { withinLimits } from "./too-large.ts";
import { runAll } from "./workers.ts";

export interface CollectTablesRequest {
  readonly pairs: readonly TablePair[];
  readonly sides: ReadSides;
  /** Conditions that narrow the rows. */
  readonly filters: ReadonlyMap<TablePair, string>;
  readonly policy: Policy;
  readonly spool: Spool;
  /** For what pairing does not hold in memory; removed by who made it. */
  readonly directory: string;
  /** Bytes that pairing may hold, of all tables together. */
  readonly memory: number;
  /** How many tables are compared at a time; one unless told. What comes out does not depend on it. */
  readonly workers?: number;
  /** Bytes of tables on disk, by `nameKey`, as far as known: the largest begin first. */
  readonly bytes?: ReadonlyMap<string, number>;
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
  const { pairs, sides, policy } = request;
  const items = readingOrder(pairs, sides.production);
  const { workers = 1 } = request;
  const budget = request.memory / workers;
  const pools: SlabPool[] = [];
  let done = 0;
  const collected = await runAll({
    items,
    order: workers > 1 ? largestFirst(items, request.bytes) : [...items.keys()],
    workers,
    signal: request.signal,
    async run(pair, position, signal) {
      const pool = pools.pop() ?? slabPool(budget);
      const memory = { memoryBudget: budget, pool };
      const result = await collectTable(request, { pair, position, done, signal, memory });
      pools.push(pool);
      done += 1;
      return result;
    },
    // Closing the sources cancels what the servers run for them.
    async stop() {
      if (workers === 1) return;
      await Promise.allSettled(
        [sides.production, sides.local].map((side) => side[Symbol.asyncDispose]()),
      );
    },
  });
  const byPair = new Map<TablePair, Collected>();
  const findings: Finding[] = [];
  for (const [position, result] of collected.entries()) {
    const pair = items[position];
    if (!pair) throw new Error(`there is no table ${position}`);
    byPair.set(pair, result);
    const { counts } = result;
    findings.push(...result.findings, ...policyFindings(pair, { counts, policy }));
  }
  return { byPair, findings };
}

interface Place {
  readonly pair: TablePair;
  /** In reading order. */
  readonly position: number;
  /** Tables that are done already. */
  readonly done: number;
  readonly signal: AbortSignal;
  readonly memory: Pick<CollectRequest["pairing"], "memoryBudget" | "pool">;
}

function collectTable(
  request: CollectTablesRequest,
  { pair, position, done, signal, memory }: Place,
): Promise<Collected> {
  const event = {
    kind: "comparing",
    table: pair.name,
    tables: { done, of: request.pairs.length },
    ...(request.expectedRows === undefined ? {} : { expectedRows: request.expectedRows }),
  } as const;
  request.progress(event);
  const collect = pair.key ? collectChanges : collectKeyless;
  const work = {
    ...tableRequest(request, pair),
    pairing: {
      ...memory,
      spill: spillFiles(request.directory, `pending${position}`),
      signal,
      onRead: (_side: SideName, bytes: number) => request.progress(event, bytes),
    },
    onRows: (rows: number) => request.progress(event, 0, rows),
  };
  return withinLimits(pair.name, () => collect(work));
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
    context: contextColumns(catalogs.production, pair),
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

/** Positions, so that no large table is begun when all others are done. */
function largestFirst(
  items: readonly TablePair[],
  bytes: ReadonlyMap<string, number> = new Map(),
): readonly number[] {
  const sizes = items.map(({ parts }) =>
    [...parts.production, ...parts.local].reduce(
      (sum, name) => sum + (bytes.get(nameKey(name)) ?? 0),
      0,
    ),
  );
  return [...items.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
}
