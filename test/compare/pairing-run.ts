/** Runs a pairing by the first field of each line, and says what it must give, the slow and obvious way. */
import {
  type AlignOptions,
  alignLines,
  alignMultiset,
  type PairingOptions,
} from "../../src/compare/align.ts";
import { lineKey } from "../../src/compare/line-key.ts";
import { chunksOf, memorySpill, noSpills, type Spills } from "./lines.ts";

/** Two states of a table, and how they are read. */
export interface Run {
  readonly production: readonly string[];
  readonly local: readonly string[];
  /** Lines in the next chunk. */
  readonly productionChunk?: () => number;
  readonly localChunk?: () => number;
  readonly memoryBudget?: number;
}

export interface Aligned {
  /** As `before|after`, sorted. */
  readonly pairs: readonly string[];
  /** As `side line`, sorted. */
  readonly duplicates: readonly string[];
  readonly spills: Spills;
}

export async function align(run: Run, more: Partial<AlignOptions> = {}): Promise<Aligned> {
  const spills = noSpills();
  const duplicates: string[] = [];
  const keyOf = lineKey([{ index: 0 }]);
  const options: AlignOptions = {
    productionKey: keyOf,
    localKey: keyOf,
    memoryBudget: run.memoryBudget ?? 1_000_000,
    spill: memorySpill(spills),
    onRead: () => {
      spills.burst = 0;
    },
    onDuplicateKey: (side, line) => duplicates.push(`${side} ${line.toString("latin1")}`),
    ...more,
  };
  const pairs: string[] = [];
  for await (const batch of alignLines(streamsOf(run), options, format)) pairs.push(...batch);
  return { pairs: pairs.sort(), duplicates: duplicates.sort(), spills };
}

/** Surplus by line; a line that comes twice is marked. */
export async function alignCounted(run: Run, more: Partial<PairingOptions> = {}) {
  const spills = noSpills();
  const surplus = new Map<string, number>();
  const memoryBudget = run.memoryBudget ?? 1_000_000;
  const options = { memoryBudget, spill: memorySpill(spills), ...more };
  for await (const batch of alignMultiset(streamsOf(run), options)) {
    for (const item of batch) {
      const line = item.line.toString("latin1");
      surplus.set(surplus.has(line) ? `${line} again` : line, item.surplus);
    }
  }
  return { surplus: Object.fromEntries([...surplus].sort()), spills };
}

/** What `align` must find. */
export function naivePairs({ production, local }: Run): string[] {
  const key = (line: string) => line.split("\t")[0] ?? "";
  const befores = new Map(production.map((line) => [key(line), line]));
  const afters = new Map(local.map((line) => [key(line), line]));
  const pairs: string[] = [];
  for (const [name, line] of befores) {
    if (afters.get(name) !== line) pairs.push(`${line}|${afters.get(name) ?? ""}`);
  }
  for (const [name, line] of afters) if (!befores.has(name)) pairs.push(`|${line}`);
  return pairs.sort();
}

/** What `alignCounted` must find. */
export function naiveSurplus({ production, local }: Run): Record<string, number> {
  const counts = new Map<string, number>();
  for (const line of local) counts.set(line, (counts.get(line) ?? 0) + 1);
  for (const line of production) counts.set(line, (counts.get(line) ?? 0) - 1);
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0).sort());
}

function streamsOf({ production, local, productionChunk, localChunk }: Run) {
  return {
    production: chunksOf(production, productionChunk ?? (() => 3)),
    local: chunksOf(local, localChunk ?? (() => 5)),
  };
}

function format(before: Buffer | undefined, after: Buffer | undefined): string {
  return `${before?.toString("latin1") ?? ""}|${after?.toString("latin1") ?? ""}`;
}
