/**
 * External sort of text lines by byte keys. Knows neither changes nor tables; spills to the directory it is handed.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

interface Entry {
  readonly key: Buffer;
  readonly line: string;
}

/** Collects lines, then gives them back in key order. Lines hold no line break. */
export interface LineSorter {
  /** Resolves when there is room for more. */
  add(key: Buffer, line: string): Promise<void>;
  /** All lines, ascending by key, equal keys in the order of arrival. May be read once, after the last `add`. */
  sorted(): AsyncIterable<string>;
}

/**
 * A sorter that keeps about `budget` bytes in memory and writes sorted runs into `directory` beyond that.
 * Who made the directory removes it.
 */
export function lineSorter(directory: string, prefix: string, budget: number): LineSorter {
  let entries: Entry[] = [];
  let bytes = 0;
  const runs: string[] = [];

  async function spill(): Promise<void> {
    const path = join(directory, `${prefix}.run${runs.length}`);
    const sorted = entries.sort(byKey);
    entries = [];
    bytes = 0;
    await pipeline(encodeEntries(sorted), createWriteStream(path));
    runs.push(path);
  }

  return {
    async add(key, line) {
      entries.push({ key, line });
      bytes += line.length + key.length + 100;
      if (bytes > budget) await spill();
    },
    async *sorted() {
      const last = entries.sort(byKey);
      if (runs.length === 0) {
        for (const { line } of last) yield line;
        return;
      }
      yield* merge([...runs.map(readRun), fromMemory(last)]);
    },
  };
}

function byKey(a: Entry, b: Entry): number {
  return Buffer.compare(a.key, b.key);
}

function* encodeEntries(entries: readonly Entry[]): Generator<string> {
  for (const { key, line } of entries) yield `${key.toString("base64")} ${line}\n`;
}

async function* fromMemory(entries: readonly Entry[]): AsyncGenerator<Entry> {
  yield* entries;
}

async function* readRun(path: string): AsyncGenerator<Entry> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 262_144 })) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const text of lines) {
      const blank = text.indexOf(" ");
      yield { key: Buffer.from(text.slice(0, blank), "base64"), line: text.slice(blank + 1) };
    }
  }
}

/** Runs are few (a run is a whole memory budget), so the next line is found by looking at each. */
async function* merge(runs: readonly AsyncGenerator<Entry>[]): AsyncGenerator<string> {
  const heads: { entry: Entry; run: AsyncGenerator<Entry> }[] = [];
  try {
    for (const run of runs) {
      const first = await run.next();
      if (!first.done) heads.push({ entry: first.value, run });
    }
    while (heads.length > 0) {
      let least = 0;
      for (let i = 1; i < heads.length; i += 1) {
        const [a, b] = [heads[i], heads[least]];
        if (a && b && byKey(a.entry, b.entry) < 0) least = i;
      }
      const head = heads[least];
      if (!head) return;
      yield head.entry.line;
      const next = await head.run.next();
      if (next.done) heads.splice(least, 1);
      else head.entry = next.value;
    }
  } finally {
    await Promise.all(runs.map((run) => run.return(undefined)));
  }
}
