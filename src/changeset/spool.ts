/**
 * The changeset on disk: changes are collected table by table, sorted by key, and read back as often as asked.
 */
import { join } from "node:path";
import type { Change, ChangeKind, Counts } from "../compare/change.ts";
import type { PutAside } from "../compare/long-fields.ts";
import type { SlabPool } from "../compare/records.ts";
import { compareNames, nameKey } from "../names.ts";
import type { Provenance } from "../sources/source.ts";
import { type ChangeStream, changeStream } from "./batches.ts";
import type { CodecTable } from "./codec.ts";
import { type LineFile, lineFile, linesIn, moveTo, textIn } from "./line-files.ts";
import { longTexts } from "./long-texts.ts";
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
  /** Takes the table's texts that are too long for memory. */
  readonly putAside: PutAside;
  /** Writes at once what is too much for memory. */
  add(change: Change, sortKey: Buffer): void;
  /** The same for a change that policy leaves out. */
  withhold(change: Change, sortKey: Buffer): void;
  /** Sorts and stores; tables without any change leave nothing behind. */
  finish(rows: ChangedTable["rows"]): Promise<void>;
}

export interface Spool {
  /** Sorts in memory of the pool, if there is one. */
  table(table: CodecTable, pool?: SlabPool): TableWriter;
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
  const texts = longTexts(join(directory, "long"));
  let count = 0;
  return {
    table(table, pool) {
      count += 1;
      const path = join(directory, `table${count}`);
      const applied = collector(
        table.columns.length,
        `${path}.applied`,
        lineSorter(`${path}.applied`, budget, pool),
      );
      const withheld = collector(
        table.columns.length,
        `${path}.withheld`,
        lineSorter(`${path}.withheld`, budget, pool),
      );
      return {
        putAside: (pieces) => texts.add(table.table, pieces),
        add: applied.add,
        withhold: withheld.add,
        async finish(rows) {
          const counts = applied.counts();
          if (totalOf(counts) + totalOf(withheld.counts()) === 0) return;
          if (totalOf(counts) > 0) await applied.store();
          if (totalOf(withheld.counts()) > 0) await withheld.store();
          const profiles = applied.profiles();
          const changed = { ...table, counts, withheld: withheld.counts(), profiles, rows };
          stored.set(nameKey(table.table), { changed, path });
        },
      };
    },
    changeset: (facts) => ({
      ...facts,
      longTexts: texts,
      tables: [...stored.values()]
        .map(({ changed }) => changed)
        .sort((a, b) => compareNames(a.table, b.table)),
      changes(table, kind) {
        const found = stored.get(nameKey(table));
        if (!found) return NOTHING;
        return storedChanges(`${found.path}.applied`, found.changed.counts, kind);
      },
      withheld(table) {
        const found = stored.get(nameKey(table));
        if (!found) return NOTHING;
        return storedChanges(`${found.path}.withheld`, found.changed.withheld);
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
    add(change: Change, sortKey: Buffer): void {
      counts[change.kind] += 1;
      profilers[change.kind].note(change);
      sorter.add(sortKey, encodeSpooled(change));
    },
    store: () => storeSorted(path, sorter, counts),
  };
}

interface Collector {
  readonly counts: () => Counts;
  readonly profiles: () => ChangedTable["profiles"];
  readonly add: TableWriter["add"];
  readonly store: () => Promise<void>;
}

/** One file in key order with everything, and one for each kind where there are several: most readers want one kind. */
async function storeSorted(path: string, sorter: LineSorter, counts: Counts): Promise<void> {
  const kinds = KINDS.filter((kind) => counts[kind] > 0);
  const whole = sorter.whole();
  if (whole !== undefined) await moveTo(whole, path);
  const files: LineFile[] = [];
  const fileAt = async (name: string): Promise<LineFile> => {
    const file = await lineFile(name);
    files.push(file);
    return file;
  };
  try {
    const all = whole === undefined ? await fileAt(path) : undefined;
    const byKind = new Map<ChangeKind, LineFile>();
    if (kinds.length > 1) {
      for (const kind of kinds) byKind.set(kind, await fileAt(kindPath(path, kind)));
    }
    if (files.length === 0) return;
    for await (const lines of whole === undefined ? sorter.sorted() : linesIn(path)) {
      for (const line of lines) {
        all?.add(line);
        byKind.get(spooledKind(line[0]))?.add(line);
      }
      for (const file of files) await file.flush();
    }
    for (const file of files) await file.finish();
  } finally {
    for (const file of files) await file.close();
  }
}

function kindPath(path: string, kind: ChangeKind): string {
  return `${path}.${kind}`;
}

function storedChanges(path: string, counts: Counts, kind?: ChangeKind): ChangeStream {
  const lines = async function* (): AsyncGenerator<readonly string[]> {
    if (totalOf(counts) === 0 || (kind && counts[kind] === 0)) return;
    const split = KINDS.filter((other) => counts[other] > 0).length > 1;
    yield* textIn(kind && split ? kindPath(path, kind) : path);
  };
  return changeStream(
    async function* () {
      for await (const batch of lines()) yield batch.map(decodeSpooled);
    },
    { lines, view: (change) => change },
  );
}

const NOTHING = changeStream(async function* () {});
