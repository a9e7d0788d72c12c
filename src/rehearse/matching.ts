/**
 * Whether the changes found are exactly those of the bundle: as multisets, whatever their order.
 */
import { createHash } from "node:crypto";
import { type CodecTable, encodeChange } from "../changeset/codec.ts";
import { type Change, type Datum, isLong, LONG_BYTES } from "../compare/change.ts";

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

/**
 * A change as a line that is the same for equal changes: without what other constraints made the comparison note, and with digests in
 * place of texts that a comparison keeps outside memory.
 */
export function comparableLine(table: CodecTable, change: Change): string {
  switch (change.kind) {
    case "insert":
      return encodeChange(table, { ...change, after: change.after.map(shortened) });
    case "delete":
      return encodeChange(table, { ...change, before: change.before.map(shortened) });
    case "update": {
      const before = change.before.map(shortened);
      return encodeChange(table, {
        ...change,
        before,
        after: change.after.map(shortened),
        context: new Map(),
      });
    }
  }
}

function shortened(value: Datum): Datum {
  if (isLong(value)) return digestText(value.long.sha256);
  if (typeof value !== "string" || value.length <= LONG_BYTES / 4) return value;
  const bytes = Buffer.from(value);
  if (bytes.length <= LONG_BYTES) return value;
  return digestText(createHash("sha256").update(bytes).digest("hex"));
}

function digestText(sha256: string): string {
  return `a long text, SHA-256 ${sha256}`;
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
