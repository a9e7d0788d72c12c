/**
 * External sort of text lines by byte keys. Knows neither changes nor tables; spills to the files it is told.
 */
import { type SlabPool, slabPool } from "../compare/records.ts";
import { compareEntries, type Entries, type Entry, entries } from "./sort-entries.ts";
import {
  appendEntries,
  blockBytesOf,
  forgetKeys,
  mayFollow,
  type Run,
  readRun,
  type StoredRun,
  storedRun,
} from "./sort-runs.ts";

/** Collects lines, then gives them back in key order. Lines hold no line break. */
export interface LineSorter {
  /** Writes at once what is too much for memory. @throws ExpectedError `file_system` */
  add(key: Buffer, line: string): void;
  /**
   * Where they do not fit into memory but came in their order: the path of a file with all lines sorted, each with its end. It stands in
   * place of `sorted`, and belongs to who asks.
   */
  whole(): string | undefined;
  /**
   * All lines in UTF-8, in batches, ascending by key, equal keys in the order of arrival. May be read once, after the last `add`; the
   * bytes of a batch are valid until the next one is asked for.
   */
  sorted(): AsyncIterable<readonly Buffer[]>;
}

/**
 * A sorter that keeps about `budget` bytes in memory, taken from the pool, and writes sorted runs beyond that, into new files whose
 * names begin with `path`. Who made their directory removes it.
 */
export function lineSorter(
  path: string,
  budget: number,
  pool: SlabPool = slabPool(budget),
): LineSorter {
  // Made when there is something to hold: most tables have no change.
  let made: Entries | undefined;
  const runs: StoredRun[] = [];

  /** Into the last run, if it may follow there. */
  function spill(held: Entries): void {
    const order = held.sorted();
    let run = runs.at(-1);
    if (!run || !mayFollow(run, held, order)) {
      run = storedRun(`${path}.run${runs.length}`);
      runs.push(run);
    }
    appendEntries(run, held, order);
    held.clear();
  }

  function isFull(held: Entries): boolean {
    // What comes in order goes to one file: holding more of it gains nothing.
    return held.bytes() > (held.isAscending() ? budget / ASCENDING : budget);
  }

  return {
    add(key, line) {
      made ??= entries(pool);
      made.add(key, line);
      if (isFull(made)) spill(made);
    },
    whole() {
      const [run, another] = runs;
      if (!run || another) return undefined;
      if (made && made.bytes() > 0) spill(made);
      if (runs.length > 1) return undefined;
      forgetKeys(run);
      return run.path;
    },
    async *sorted() {
      const last = made;
      made = undefined;
      const blockBytes = blockBytesOf(budget, runs.length);
      try {
        if (runs.length === 0) yield* last ? inBatches(last) : [];
        else
          yield* merge([
            ...runs.map((run) => readRun(run, blockBytes)),
            ...(last ? [inMemory(last)] : []),
          ]);
      } finally {
        last?.clear();
      }
    },
  };
}

/** The part of the budget that is held of lines that come in their order. */
const ASCENDING = 16;

const BATCH = 1000;

function* inBatches(held: Entries): Generator<readonly Buffer[]> {
  let batch: Buffer[] = [];
  for (const index of held.sorted()) {
    batch.push(lineOf(held.entry(index)));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function lineOf({ line, from, end }: Entry): Buffer {
  return line.subarray(from, end);
}

function inMemory(held: Entries): Run {
  const order = held.sorted();
  let next = 0;
  return {
    take() {
      const index = order[next];
      next += 1;
      return index === undefined ? undefined : held.entry(index);
    },
    more: async () => false,
    close: async () => undefined,
  };
}

/** Runs are few (a run is a whole memory budget), so the next line is found by looking at each. */
async function* merge(runs: readonly Run[]): AsyncGenerator<readonly Buffer[]> {
  const heads: { entry: Entry; readonly run: Run }[] = [];
  try {
    for (const run of runs) {
      const entry = await nextOf(run);
      if (entry) heads.push({ entry, run });
    }
    let batch: Buffer[] = [];
    while (heads.length > 0) {
      const least = leastOf(heads);
      const head = heads[least];
      if (!head) return;
      batch.push(lineOf(head.entry));
      let entry = head.run.take();
      if (!entry || batch.length >= BATCH) {
        // What comes next may take the place of what is in the batch.
        yield batch;
        batch = [];
        entry ??= await nextOf(head.run);
      }
      if (entry) head.entry = entry;
      else heads.splice(least, 1);
    }
    if (batch.length > 0) yield batch;
  } finally {
    await Promise.all(runs.map((run) => run.close()));
  }
}

async function nextOf(run: Run): Promise<Entry | undefined> {
  let entry = run.take();
  while (!entry && (await run.more())) entry = run.take();
  return entry;
}

/** The first of the least, so that equal keys stay in the order of arrival. */
function leastOf(heads: readonly { readonly entry: Entry }[]): number {
  let least = 0;
  let found = heads[0]?.entry;
  for (let n = 1; n < heads.length; n += 1) {
    const entry = heads[n]?.entry;
    if (found && entry && compareEntries(entry, found) < 0) {
      least = n;
      found = entry;
    }
  }
  return least;
}
