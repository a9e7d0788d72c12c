/**
 * Whether the changes found are exactly those of the bundle: as multisets, whatever their order.
 */
import { type CodecTable, encodeChange } from "../changeset/codec.ts";
import type { Change, Datum } from "../compare/change.ts";

/** What is on one side only. */
export interface Mismatch {
  readonly count: number;
  /** The first ones, as lines of changes.jsonl. */
  readonly examples: readonly string[];
}

export interface Match {
  readonly matched: number;
  /** Changes of the bundle that were not found. */
  readonly missing: Mismatch;
  /** Changes found that the bundle does not hold. */
  readonly unexpected: Mismatch;
}

const EXAMPLES = 5;

/**
 * Matches two streams of lines. Memory: what is out of step; streams in the same order hold nothing.
 */
export async function matchLines(
  expected: AsyncIterator<string>,
  found: AsyncIterator<string>,
): Promise<Match> {
  const missing = new Map<string, number>();
  const unexpected = new Map<string, number>();
  let matched = 0;
  for (;;) {
    const [a, b] = [await expected.next(), await found.next()];
    if (a.done && b.done) break;
    if (!a.done && !b.done && a.value === b.value) {
      matched += 1;
      continue;
    }
    if (!a.done && !settle(a.value, unexpected, missing)) matched += 1;
    if (!b.done && !settle(b.value, missing, unexpected)) matched += 1;
  }
  return { matched, missing: mismatch(missing), unexpected: mismatch(unexpected) };
}

/** Whether the line has to wait for its like: false when it found it. */
function settle(line: string, other: Map<string, number>, own: Map<string, number>): boolean {
  const waiting = other.get(line);
  if (waiting === undefined) {
    own.set(line, (own.get(line) ?? 0) + 1);
    return true;
  }
  if (waiting === 1) other.delete(line);
  else other.set(line, waiting - 1);
  return false;
}

function mismatch(lines: ReadonlyMap<string, number>): Mismatch {
  const count = [...lines.values()].reduce((sum, times) => sum + times, 0);
  return { count, examples: [...lines.keys()].slice(0, EXAMPLES) };
}

/** A change as a line that is the same for equal changes: without what other constraints made the comparison note. */
export function comparableLine(table: CodecTable, change: Change): string {
  return encodeChange(table, change.kind === "update" ? { ...change, context: new Map() } : change);
}

/**
 * The change as a comparison of fewer columns would have found it; `undefined` if nothing is left of it.
 * `positions` holds, for each column of the narrower table, its place in the wider one.
 */
export function narrow(change: Change, positions: readonly number[]): Change | undefined {
  const pick = (values: readonly Datum[]) => positions.map((position) => values[position] ?? null);
  switch (change.kind) {
    case "insert":
      return { ...change, after: pick(change.after) };
    case "delete":
      return { ...change, before: pick(change.before) };
    case "update": {
      const kept = positions.flatMap((wide, position) => {
        const index = change.columns.indexOf(wide);
        return index < 0 ? [] : [{ position, index }];
      });
      if (kept.length === 0) return undefined;
      return {
        ...change,
        columns: kept.map(({ position }) => position),
        before: kept.map(({ index }) => change.before[index] ?? null),
        after: kept.map(({ index }) => change.after[index] ?? null),
        context: new Map(),
      };
    }
  }
}
