/**
 * Compares one table of two snapshots and collects its changes, as policy allows, into the spool.
 */
import { createHash } from "node:crypto";
import type { TablePair } from "../catalog/pair.ts";
import type { Catalog, Column } from "../catalog/types.ts";
import {
  alignLines,
  alignMultiset,
  type LineStreams,
  type PairingOptions,
  type TakeLines,
} from "../compare/align.ts";
import type { Change, Counts } from "../compare/change.ts";
import { keyClassOf } from "../compare/key.ts";
import { lineKey } from "../compare/line-key.ts";
import { decodeLongRow } from "../compare/long-fields.ts";
import { rowComparison } from "../compare/table.ts";
import { ExpectedError } from "../errors.ts";
import { type Finding, finding } from "../findings.ts";
import type { TableName } from "../names.ts";
import type { Source } from "../sources/source.ts";
import { duplicateFindings } from "./duplicates.ts";
import { decideKeys } from "./keys.ts";
import type { SequenceMaxima } from "./sequences.ts";
import type { Spool } from "./spool.ts";
import { changeTally } from "./tally.ts";
import { NO_CHANGES } from "./types.ts";

export interface CollectRequest {
  readonly pair: TablePair;
  readonly production: Source;
  readonly local: Source;
  /** Production's: its types and constraints decide. */
  readonly catalog: Catalog;
  /** Columns whose unchanged values updates must tell. */
  readonly context: readonly string[];
  /** Columns fed by sequences. */
  readonly sequenceColumns: readonly string[];
  readonly where?: string;
  /** Deletes are listed, not executed. */
  readonly withholdDeletes: boolean;
  readonly spool: Spool;
  readonly pairing: PairingOptions;
  /** Told of rows as they are read, of both sides. */
  readonly onRows?: (rows: number) => void;
}

export interface Collected {
  readonly counts: Counts;
  readonly withheld: Counts;
  readonly rows: { readonly production: number; readonly local: number };
  readonly findings: readonly Finding[];
  readonly maxima?: SequenceMaxima;
}

/** Compares the rows of a table by its key. */
export async function collectChanges(request: CollectRequest): Promise<Collected> {
  const { pair, catalog, spool } = request;
  const columns = comparedColumns(pair);
  const positions = (names: readonly string[]) => names.map((name) => pair.columns.indexOf(name));
  const key = positions(pair.key ?? []);
  const context = positions(request.context);
  const writer = spool.table(
    { table: pair.name, columns: pair.columns, key: pair.key ?? [] },
    request.pairing.pool,
  );
  const { putAside } = writer;
  const comparison = rowComparison({ table: pair.name, columns, key, context, putAside }, catalog);
  const decided = key
    .flatMap((position) => columns[position] ?? [])
    .every((column) => isDecided(column, catalog));
  const undecided: Change[] = [];
  const tally = changeTally(pair, request);
  const rows = { production: 0, local: 0 };
  const keyOf = lineKey(comparison.keyFields);
  const options = {
    ...request.pairing,
    productionKey: keyOf,
    localKey: keyOf,
    // Such a key has no unique index, so duplicateFindings tells of it.
    onDuplicateKey: () => {},
  };
  // At once: changes that waited for others would outlive the collector's nursery.
  const take: TakeLines<void> = (before, after) => {
    const change = comparison.compare(before, after);
    if (!change) return;
    if (!decided && change.kind !== "update") undecided.push(change);
    else record(change);
  };
  for await (const _ of namingTable(alignLines(streams(request, rows), options, take), pair.name));
  const keys = await decideKeys(pair, undecided, { ...request, positions: context });
  for (const change of keys.changes) record(change);
  await writer.finish(rows);
  const repeated = await duplicateFindings(pair, request);
  const { counts, withheld, maxima } = tally;
  return {
    counts,
    withheld,
    rows,
    findings: [...tally.findings(), ...keys.findings, ...repeated],
    maxima,
  };

  function record(change: Change): void {
    const sortKey = comparison.sortKey(change);
    if (tally.note(change)) writer.add(change, sortKey);
    else writer.withhold(change, sortKey);
  }
}

/** Compares a table without a key as a multiset of whole lines; its changes are withheld. */
export async function collectKeyless(request: CollectRequest): Promise<Collected> {
  const { pair, spool } = request;
  const writer = spool.table(
    { table: pair.name, columns: pair.columns, key: [] },
    request.pairing.pool,
  );
  const withheld = { ...NO_CHANGES };
  const rows = { production: 0, local: 0 };
  for await (const batch of alignMultiset(streams(request, rows), request.pairing)) {
    for (const { line, surplus } of batch) {
      const side = surplus > 0 ? "local" : "production";
      const row = decodeLongRow(
        { putAside: writer.putAside, canonical: [], kept: NONE_KEPT },
        line,
        { width: pair.columns.length, table: pair.name, side },
      );
      const sortKey = wholeLineKey(line);
      for (let n = Math.abs(surplus); n > 0; n -= 1) {
        const change: Change =
          surplus > 0
            ? { kind: "insert", key: [], after: row }
            : { kind: "delete", key: [], before: row };
        withheld[change.kind] += 1;
        writer.withhold(change, sortKey);
      }
    }
  }
  await writer.finish(rows);
  const differs = withheld.insert + withheld.delete > 0;
  const findings = differs
    ? [
        finding({
          code: "no_key",
          table: pair.name,
          inserts: withheld.insert,
          deletes: withheld.delete,
        }),
      ]
    : [];
  return { counts: NO_CHANGES, withheld, rows, findings };
}

const NONE_KEPT: ReadonlySet<number> = new Set();
/** Bytes of a line that order it. */
const ORDERING = 65_536;

/** Orders lines of a table without a key; those that begin alike and are long, in any order that is the same each time. */
function wholeLineKey(line: Buffer): Buffer {
  if (line.length <= ORDERING) return line;
  const digest = createHash("sha256").update(line).digest();
  return Buffer.concat([line.subarray(0, ORDERING), digest]);
}

/** Names the table in failures that only know the line. */
async function* namingTable<T>(
  batches: AsyncIterable<T>,
  table: TableName,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* batches;
  } catch (error) {
    if (error instanceof ExpectedError && error.failure.code === "row_width") {
      throw new ExpectedError({ table, ...error.failure }, { cause: error });
    }
    throw error;
  }
}

function comparedColumns(pair: TablePair): readonly Column[] {
  return pair.columns.flatMap(
    (name) => pair.production.columns.find((column) => column.name === name) ?? [],
  );
}

function isDecided(column: Column, catalog: Catalog): boolean {
  return keyClassOf(column, catalog).kind !== "server";
}

function streams(
  { pair, where, production, local, onRows }: CollectRequest,
  rows: { production: number; local: number },
): LineStreams {
  const request = (side: "production" | "local") => ({
    table: pair.name,
    parts: pair.parts[side],
    columns: pair.columns,
    ...(where === undefined ? {} : { where }),
  });
  return {
    production: counted(production.lines(request("production")), (lines) => {
      rows.production += lines;
      onRows?.(lines);
    }),
    local: counted(local.lines(request("local")), (lines) => {
      rows.local += lines;
      onRows?.(lines);
    }),
  };
}

/** Counts lines on their way: in COPY text LF only ever ends a line. */
async function* counted(
  chunks: AsyncIterable<Buffer>,
  add: (lines: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    let lines = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    add(lines);
    yield chunk;
  }
}
