/**
 * The changeset on disk: changes are collected table by table, sorted by key, and read back as often as asked.
 */
import { once } from "node:events";
import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { join } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import type { Change, ChangeKind, Counts } from "../compare/change.ts";
import { compareNames, nameKey } from "../names.ts";
import type { Provenance } from "../sources/source.ts";
import type { CodecTable } from "./codec.ts";
import { profiler } from "./profile.ts";
import { type LineSorter, lineSorter } from "./sort.ts";
import { decodeSpooled, encodeSpooled, spooledKind } from "./spooled.ts";
import {
  type ChangedTable,
  type Changeset,
  NO_CHANGES,
  type SequenceTarget,
  totalOf,
} from "./types.ts";

/** Takes the changes of one table in any order. */
export interface TableWriter {
  add(change: Change, sortKey: Buffer): Promise<void>;
  /** A change that policy leaves out. */
  withhold(change: Change, sortKey: Buffer): Promise<void>;
  /** Sorts and stores; tables without any change leave nothing behind. */
  finish(rows: ChangedTable["rows"]): Promise<void>;
}

export interface Spool {
  table(table: CodecTable): TableWriter;
  /** The changeset, after every table has finished. */
  changeset(facts: SpoolFacts): Changeset;
}

export interface SpoolFacts {
  readonly sequences: readonly SequenceTarget[];
  readonly production: Provenance;
  readonly local: Provenance;
}

const KINDS = ["insert", "update", "delete"] as const;

interface Stored {
  readonly changed: ChangedTable;
  readonly path: string;
}

/** A spool in `directory`, which must exist and is removed by who made it. Sorting takes about `budget` bytes of memory a table. */
export function spool(directory: string, budget: number): Spool {
  const stored = new Map<string, Stored>();
  let count = 0;
  return {
    table(table) {
      count += 1;
      const path = join(directory, `table${count}`);
      const applied = collector(
        table.columns.length,
        `${path}.applied`,
        lineSorter(directory, `applied${count}`, budget),
      );
      const withheld = collector(
        table.columns.length,
        `${path}.withheld`,
        lineSorter(directory, `withheld${count}`, budget),
      );
      return {
        add: applied.add,
        withhold: withheld.add,
        async finish(rows) {
          const counts = applied.counts();
          if (totalOf(counts) + totalOf(withheld.counts()) === 0) return;
          await applied.store();
          await withheld.store();
          const profiles = applied.profiles();
          const changed = { ...table, counts, withheld: withheld.counts(), profiles, rows };
          stored.set(nameKey(table.table), { changed, path });
        },
      };
    },
    changeset: (facts) => ({
      ...facts,
      tables: [...stored.values()]
        .map(({ changed }) => changed)
        .sort((a, b) => compareNames(a.table, b.table)),
      async *changes(table, kind) {
        const found = stored.get(nameKey(table));
        if (found) yield* readChanges(`${found.path}.applied`, found.changed.counts, kind);
      },
      async *withheld(table) {
        const found = stored.get(nameKey(table));
        if (found) yield* readChanges(`${found.path}.withheld`, found.changed.withheld);
      },
    }),
  };
}

function collector(width: number, path: string, sorter: LineSorter): Collector {
  const counts = { ...NO_CHANGES };
  const profilers = { insert: profiler(width), update: profiler(width), delete: profiler(width) };
  return {
    counts: () => ({ ...counts }),
    profiles: () => ({
      insert: profilers.insert.result(),
      update: profilers.update.result(),
      delete: profilers.delete.result(),
    }),
    async add(change: Change, sortKey: Buffer): Promise<void> {
      counts[change.kind] += 1;
      profilers[change.kind].note(change);
      await sorter.add(sortKey, encodeSpooled(change));
    },
    store: () => storeSorted(path, sorter, counts),
  };
}

interface Collector {
  readonly counts: () => Counts;
  readonly profiles: () => ChangedTable["profiles"];
  readonly add: (change: Change, sortKey: Buffer) => Promise<void>;
  readonly store: () => Promise<void>;
}

/** One file in key order with everything, and one for each kind where there are several: most readers want one kind. */
async function storeSorted(path: string, sorter: LineSorter, counts: Counts): Promise<void> {
  const kinds = KINDS.filter((kind) => counts[kind] > 0);
  const files = new Map<string, WriteStream>();
  if (kinds.length > 1)
    for (const kind of kinds) files.set(kind, createWriteStream(kindPath(path, kind)));
  const failure = new AbortController();
  for (const file of files.values()) file.on("error", (error) => failure.abort(error));
  try {
    await pipeline(distribute(sorter.sorted(), files), createWriteStream(path), {
      signal: failure.signal,
    });
    for (const file of files.values()) {
      file.end();
      await finished(file);
    }
  } finally {
    // After a failure they are still open.
    for (const file of files.values()) file.destroy();
  }
}

/** Passes batches of lines on, and copies each line to the file of its kind. */
async function* distribute(
  lines: AsyncIterable<string>,
  files: ReadonlyMap<string, WriteStream>,
): AsyncGenerator<string> {
  let batch = "";
  const byKind = new Map([...files.keys()].map((kind) => [kind, ""]));
  for await (const line of lines) {
    batch += `${line}\n`;
    const kind = spooledKind(line);
    const own = byKind.get(kind);
    if (own !== undefined) byKind.set(kind, `${own}${line}\n`);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = "";
    await flush();
  }
  yield batch;
  await flush();

  async function flush(): Promise<void> {
    for (const [kind, text] of byKind) {
      byKind.set(kind, "");
      const file = files.get(kind);
      if (file && text !== "" && !file.write(text)) await once(file, "drain");
    }
  }
}

const BATCH = 256 * 1024;

function kindPath(path: string, kind: ChangeKind): string {
  return `${path}.${kind}`;
}

async function* readChanges(
  path: string,
  counts: Counts,
  kind?: ChangeKind,
): AsyncGenerator<Change> {
  if (kind && counts[kind] === 0) return;
  const split = KINDS.filter((other) => counts[other] > 0).length > 1;
  for await (const lines of readLines(kind && split ? kindPath(path, kind) : path)) {
    for (const line of lines) yield decodeSpooled(line);
  }
}

/** Lines in batches; LF is the only line end that the spool knows. */
async function* readLines(path: string): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: BATCH })) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") throw new Error(`the spool file ${path} ends within a line`);
}
