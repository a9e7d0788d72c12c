/**
 * Makes both sides ready for their rows to be read: locks, connections, and how many tables may be compared at a time.
 */
import type { TablePair } from "../catalog/pair.ts";
import type { Source } from "../sources/source.ts";

export interface ReadingPlan {
  /** Tables that may be compared at a time, at least one. */
  readonly workers: number;
  /** Bytes of tables on disk, by `nameKey`, as far as a server tells. */
  readonly bytes: ReadonlyMap<string, number>;
}

interface Sides {
  readonly production: Source;
  readonly local: Source;
}

/**
 * Prepares both sides for up to `jobs` connections each. Where a server gives fewer, fewer are used.
 *
 * @throws ExpectedError `table_replaced`, `query`, `interrupted`
 */
export async function prepareReading(
  pairs: readonly TablePair[],
  { production, local }: Sides,
  jobs: number,
): Promise<ReadingPlan> {
  const prepared = await Promise.all([
    prepareSide(
      production,
      pairs.flatMap(({ parts }) => parts.production),
      jobs,
    ),
    prepareSide(
      local,
      pairs.flatMap(({ parts }) => parts.local),
      jobs,
    ),
  ]);
  const workers = Math.min(jobs, pairs.length, ...prepared.map(({ readers }) => readers));
  const bytes = new Map(prepared.flatMap((side) => [...side.bytes]));
  return { workers: Math.max(1, workers), bytes };
}

async function prepareSide(
  source: Source,
  tables: Parameters<Extract<Source, { kind: "database" }>["prepare"]>[0]["tables"],
  jobs: number,
): Promise<{ readonly readers: number; readonly bytes: ReadonlyMap<string, number> }> {
  if (source.kind === "dump") return { readers: source.anyOrder ? jobs : 1, bytes: new Map() };
  const { connections, bytes } = await source.prepare({ tables, connections: jobs });
  return { readers: connections, bytes };
}

/** After all rows were read. @throws ExpectedError `table_replaced` */
export async function settleReading({ production, local }: Sides): Promise<void> {
  for (const side of [production, local]) if (side.kind === "database") await side.settle();
}
