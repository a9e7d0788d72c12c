/**
 * The changeset on disk: changes are collected table by table, sorted by key, and read back as often as asked.
 */
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import type { Change, ChangeKind } from "../compare/change.ts";
import { nameKey, type TableName } from "../names.ts";
import type { Provenance } from "../sources/source.ts";
import { type CodecTable, decodeChange, encodeChange } from "./codec.ts";
import { type LineSorter, lineSorter } from "./sort.ts";
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
        table,
        `${path}.jsonl`,
        lineSorter(directory, `applied${count}`, budget),
      );
      const withheld = collector(
        table,
        `${path}.withheld.jsonl`,
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
          const changed = { ...table, counts, withheld: withheld.counts(), rows };
          stored.set(nameKey(table.table), { changed, path });
        },
      };
    },
    changeset: (facts) => ({
      ...facts,
      tables: [...stored.values()].map(({ changed }) => changed),
      changes: (table, kind) => readChanges(stored.get(nameKey(table)), ".jsonl", kind),
      withheld: (table) => readChanges(stored.get(nameKey(table)), ".withheld.jsonl"),
    }),
  };
}

function collector(table: CodecTable, path: string, sorter: LineSorter) {
  const counts = { ...NO_CHANGES };
  return {
    counts: () => ({ ...counts }),
    async add(change: Change, sortKey: Buffer): Promise<void> {
      counts[change.kind] += 1;
      await sorter.add(sortKey, encodeChange(table, change));
    },
    async store(): Promise<void> {
      await pipeline(withLineEnds(sorter.sorted()), createWriteStream(path));
    },
  };
}

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function* readChanges(
  stored: Stored | undefined,
  suffix: string,
  kind?: ChangeKind,
): AsyncGenerator<Change> {
  if (!stored) return;
  const { changed, path } = stored;
  if (suffix === ".jsonl" && kind && changed.counts[kind] === 0) return;
  for await (const line of readLines(path + suffix)) {
    // The kind stands before any value, so a line of another kind is passed over unparsed.
    if (kind && !line.includes(`"kind":"${kind}"`)) continue;
    const change = decodeChange(changed, JSON.parse(line));
    if (!change) throw new Error(`spooled change is unreadable: ${line.slice(0, 200)}`);
    if (!kind || change.kind === kind) yield change;
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  const input = createReadStream(path);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    input.destroy();
  }
}

/** The tables of a changeset by name. */
export function changedTable(changeset: Changeset, table: TableName): ChangedTable | undefined {
  return changeset.tables.find((changed) => nameKey(changed.table) === nameKey(table));
}
