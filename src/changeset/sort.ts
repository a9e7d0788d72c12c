/**
 * External sort of text lines by byte keys. Knows neither changes nor tables; spills to the directory it is handed.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileFailure } from "./file-failure.ts";
import { compareEntries, type Entries, type Entry, entries, entryAt } from "./sort-entries.ts";

/** Collects lines, then gives them back in key order. Lines hold no line break. */
export interface LineSorter {
  /** Undefined, or a promise that resolves when there is room for more. */
  add(key: Buffer, line: string): Promise<void> | undefined;
  /**
   * All lines in UTF-8, in batches, ascending by key, equal keys in the order of arrival. May be read once, after the last `add`; the
   * bytes of a batch are valid until the next one is asked for.
   */
  sorted(): AsyncIterable<readonly Buffer[]>;
}

/**
 * A sorter that keeps about `budget` bytes in memory and writes sorted runs into `directory` beyond that.
 * Who made the directory removes it.
 */
export function lineSorter(directory: string, prefix: string, budget: number): LineSorter {
  // Made when there is something to hold: most tables have no change.
  let made: Entries | undefined;
  const runs: string[] = [];

  async function spill(held: Entries): Promise<void> {
    const path = join(directory, `${prefix}.run${runs.length}`);
    try {
      await pipeline(runBlocks(held), createWriteStream(path));
    } catch (error) {
      throw fileFailure(path, "writing", error);
    }
    runs.push(path);
    held.clear();
  }

  return {
    add(key, line) {
      made ??= entries();
      made.add(key, line);
      return made.bytes() > budget ? spill(made) : undefined;
    },
    async *sorted() {
      const last = made ?? entries();
      made = undefined;
      if (runs.length === 0) yield* inBatches(last);
      else yield* merge([...runs.map(readRun), inMemory(last)]);
    },
  };
}

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

const BLOCK = 262_144;

/** Each entry: the lengths of key and line, the key, the line. */
function* runBlocks(held: Entries): Generator<Buffer> {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let end = 0;
  for (const index of held.sorted()) {
    const { buffer, start, middle, end: last } = held.entry(index);
    const size = 8 + last - start;
    if (end > 0 && end + size > block.length) {
      yield block.subarray(0, end);
      // The one before may not be written yet.
      block = Buffer.allocUnsafeSlow(Math.max(BLOCK, size));
      end = 0;
    } else if (size > block.length) block = Buffer.allocUnsafeSlow(size);
    end = block.writeUInt32LE(middle - start, end);
    end = block.writeUInt32LE(last - middle, end);
    end += buffer.copy(block, end, start, last);
  }
  if (end > 0) yield block.subarray(0, end);
}

function lineOf({ buffer, middle, end }: Entry): Buffer {
  return buffer.subarray(middle, end);
}

/** Entries one after the other, each fetch a block at most. */
interface Run {
  /** The next entry of what is in memory; undefined at its end. */
  readonly take: () => Entry | undefined;
  /** Brings more into memory. False at the end of the run. */
  readonly more: () => Promise<boolean>;
  readonly close: () => Promise<void>;
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

function readRun(path: string): Run {
  const stream = createReadStream(path, { highWaterMark: BLOCK });
  const blocks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]();
  let block: Buffer = Buffer.alloc(0);
  let at = 0;
  return {
    take() {
      if (at + 8 > block.length) return undefined;
      const start = at + 8;
      const middle = start + block.readUInt32LE(at);
      const end = middle + block.readUInt32LE(at + 4);
      if (end > block.length) return undefined;
      at = end;
      return entryAt(block, start, middle, end);
    },
    async more() {
      const pieces: Buffer[] = [block.subarray(at)];
      let [length, needed] = [block.length - at, sizeOf(block, at)];
      do {
        const read = await blocks.next();
        if (read.done) {
          if (length > 0) throw new Error(`the run ${path} ends within an entry`);
          return false;
        }
        pieces.push(read.value);
        length += read.value.length;
        // Lines of many blocks are put together once.
        if (needed === 8 && length >= 8) needed = sizeOf(Buffer.concat(pieces, 8), 0);
      } while (length < needed);
      block = Buffer.concat(pieces);
      at = 0;
      return true;
    },
    async close() {
      stream.destroy();
    },
  };
}

/** The bytes of the entry at `at`, or those that tell it. */
function sizeOf(block: Buffer, at: number): number {
  if (at + 8 > block.length) return 8;
  return 8 + block.readUInt32LE(at) + block.readUInt32LE(at + 4);
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
      // Waiting for what is in memory already would cost more than the rest.
      const entry = head.run.take() ?? (await nextOf(head.run));
      if (entry) head.entry = entry;
      else heads.splice(least, 1);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    await Promise.all(runs.map((run) => run.close()));
  }
}

async function nextOf(run: Run): Promise<Entry | undefined> {
  return run.take() ?? ((await run.more()) ? run.take() : undefined);
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
