/**
 * Compares the scratch database with production, table by table, and matches what differs with the bundle's changes.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { comparablePairs } from "../catalog/coverage.ts";
import { pairCatalogs, type TablePair } from "../catalog/pair.ts";
import { readSides } from "../catalog/sides.ts";
import { decodeChange, decodeTable } from "../changeset/codec.ts";
import { collectTables } from "../changeset/collect-tables.ts";
import { spool } from "../changeset/spool.ts";
import { type ChangedTable, type Changeset, totalOf } from "../changeset/types.ts";
import type { Change } from "../compare/change.ts";
import { compareText, formatName, nameKey, type TableName } from "../names.ts";
import type { TriggerWrites } from "../script/scripts.ts";
import type { Source } from "../sources/source.ts";
import { type Bundle, type BundleTable, bundleTables, changeLines } from "./bundle.ts";
import { comparableLine, type Match, matchLines, narrow } from "./matching.ts";

export interface DifferencesRequest {
  readonly production: Source;
  readonly scratch: Source;
  readonly bundle: Bundle;
  /** Only these are read; of partitions the root or the leaves. */
  readonly tables: readonly TableName[];
  /** What scratch shall differ by: the bundle's changes, or nothing. */
  readonly expected: "bundle" | "nothing";
  /** For working files; a folder within is made and removed. */
  readonly directory: string;
  readonly memory: number;
  /** What triggers may write: not compared. */
  readonly triggerWrites: TriggerWrites;
  readonly signal?: AbortSignal;
}

export interface Differences extends Match {
  /** Tables read, by name. */
  readonly compared: readonly TableName[];
  /** Columns that the bundle leaves out and that changed in rows that it changes or leaves alone: `schema.table.column`. */
  readonly besides: readonly string[];
  /** Tables among those asked for that could not be compared. */
  readonly notCompared: readonly string[];
}

const NO_SETTINGS = { include: [], exclude: [], keys: [], ignoreColumns: [] };

/** Reads the tables on both sides. @throws ExpectedError for sources that cannot be read. */
export async function findDifferences(request: DifferencesRequest): Promise<Differences> {
  const directory = join(request.directory, "differences");
  await mkdir(directory);
  try {
    const sides = await readSides({ production: request.production, local: request.scratch });
    const pairing = pairCatalogs(sides.catalogs.production, sides.catalogs.local, NO_SETTINGS);
    const bundled = comparedTables(request);
    const wanted = new Set(request.tables.map(nameKey));
    const chosen = comparablePairs(pairing, sides).pairs.filter(({ name, parts }) =>
      [name, ...parts.production, ...parts.local].some((part) => wanted.has(nameKey(part))),
    );
    const pairs = chosen.map((pair) => withKey(pair, bundled.get(nameKey(pair.name))));
    const store = spool(directory, request.memory / 4);
    await collectTables({
      pairs,
      sides,
      filters: new Map(),
      policy: {},
      spool: store,
      directory,
      memory: request.memory,
      progress: () => undefined,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    const found = store.changeset({
      sequences: [],
      production: request.production.provenance,
      local: request.scratch.provenance,
    });
    const besides = new Set<string>();
    const match = await matchLines(
      request.expected === "bundle" ? expectedLines(request.bundle, bundled) : nothing(),
      foundLines(found, bundled, besides),
    );
    const read = new Set(
      pairs.flatMap(({ name, parts }) => [name, ...parts.production, ...parts.local].map(nameKey)),
    );
    return {
      ...match,
      compared: pairs.map(({ name }) => name),
      besides: [...besides].sort(compareText),
      notCompared: request.tables.filter((name) => !read.has(nameKey(name))).map(formatName),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Rows are paired by the key that the bundle names them by. */
function withKey(pair: TablePair, table: BundleTable | undefined): TablePair {
  return table ? { ...pair, key: table.key } : pair;
}

async function* nothing(): AsyncGenerator<string> {}

/** The bundle's tables without the columns that triggers may write. */
function comparedTables({
  bundle,
  triggerWrites,
}: DifferencesRequest): ReadonlyMap<string, BundleTable> {
  const tables = [...bundleTables(bundle)].map(([name, table]): [string, BundleTable] => {
    const isCompared = (column: string) =>
      table.key.includes(column) || !triggerWrites.columns(table.table, column);
    return [name, { ...table, columns: table.columns.filter(isCompared) }];
  });
  return new Map(tables);
}

async function* expectedLines(
  bundle: Bundle,
  compared: ReadonlyMap<string, BundleTable>,
): AsyncGenerator<string> {
  const tables = bundleTables(bundle);
  for await (const line of changeLines(bundle)) {
    const parsed: unknown = JSON.parse(line);
    const name = decodeTable(parsed);
    const table = name && tables.get(nameKey(name));
    const change = table && decodeChange(table, parsed);
    const known = name && compared.get(nameKey(name));
    if (!table || !change || !known) {
      // Never equal to a change that was found: a bundle that cannot be read does not pass.
      yield line;
      continue;
    }
    const positions = known.columns.map((column) => table.columns.indexOf(column));
    const narrowed = narrow(change, positions);
    if (narrowed) yield comparableLine(known, narrowed);
  }
}

async function* foundLines(
  found: Changeset,
  bundled: ReadonlyMap<string, BundleTable>,
  besides: Set<string>,
): AsyncGenerator<string> {
  for (const table of found.tables) {
    const known = bundled.get(nameKey(table.table));
    const positions = known?.columns.map((column) => table.columns.indexOf(column));
    const note = outsideColumns(table, known, besides);
    for await (const change of allChanges(found, table)) {
      const narrowed = positions ? narrow(change, positions) : change;
      note(change);
      if (narrowed) yield comparableLine(known ?? table, narrowed);
    }
  }
}

/** Tables without a key have all of their changes withheld. */
async function* allChanges(found: Changeset, table: ChangedTable): AsyncGenerator<Change> {
  if (totalOf(table.counts) > 0) yield* found.changes(table.table);
  if (totalOf(table.withheld) > 0) yield* found.withheld(table.table);
}

/** Notes the columns of updates that the bundle does not compare. */
function outsideColumns(
  table: ChangedTable,
  known: BundleTable | undefined,
  besides: Set<string>,
): (change: Change) => void {
  if (known === undefined) return () => undefined;
  const outside = new Set(
    [...table.columns.keys()].filter(
      (position) => !known.columns.includes(table.columns[position] ?? ""),
    ),
  );
  if (outside.size === 0) return () => undefined;
  return (change) => {
    if (change.kind !== "update") return;
    for (const position of change.columns) {
      if (outside.has(position)) {
        besides.add(`${formatName(table.table)}.${table.columns[position] ?? ""}`);
      }
    }
  };
}
