/**
 * An archive's table of contents as a source of DDL and rows, whatever way the archive stores its data.
 */
import { ExpectedError } from "../../errors.ts";
import { compareNames, type TableName } from "../../names.ts";
import { blocksOf, indexBlocks } from "../block-index.ts";
import { blockLines } from "../block-lines.ts";
import type { Damage } from "../copy-text.ts";
import { decodeText } from "../encoding.ts";
import { readInsertHead } from "../plain/insert-head.ts";
import { skipSpace } from "../plain/insert-values.ts";
import { blockColumns, blockLeaves } from "../plain/section.ts";
import { type RowTarget, readCopyTarget } from "../plain/statement.ts";
import type { DataBlock, DumpSource, LinesRequest, Provenance, SequenceValue } from "../source.ts";
import { readDefinitions } from "./definitions.ts";
import { entryPlace, type Toc, type TocEntry } from "./toc.ts";

/** What an archive consists of, for `archiveSource`. */
export interface Archive {
  readonly path: string;
  readonly toc: Toc;
  /** For people: `custom archive`, `tar archive`. */
  readonly name: string;
  readonly bytes: number;
  readonly largeObjects: number;
  /** Entries are reached without reading others. */
  readonly seekable: boolean;
  /** The data of an entry, decompressed, from its start. A chunk is valid until the next one is asked for. */
  readonly data: (entry: TocEntry) => AsyncIterable<Buffer>;
  readonly digest: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

/** Rows of one entry. */
interface ArchiveBlock extends DataBlock {
  readonly kind: "copy" | "insert";
  readonly entry: TocEntry;
  /** True if it was seen to hold no row. */
  readonly empty?: true;
}

/** The source. @throws ExpectedError `dump_damaged` for definitions that are no SQL. */
export async function archiveSource(archive: Archive): Promise<DumpSource> {
  const { toc } = archive;
  const { ddl, sequences, largeObjects } = readDefinitions(archive.path, toc);
  const blocks: ArchiveBlock[] = [];
  for (const entry of toc.entries) {
    if (holdsRows(entry)) blocks.push(await readBlockTarget(archive, entry));
  }
  const byTable = indexBlocks(blocks);
  const sorted: readonly SequenceValue[] = sequences.toSorted((a, b) =>
    compareNames(a.name, b.name),
  );
  return {
    kind: "dump",
    provenance: describe(archive),
    ddl,
    blocks,
    anyOrder: archive.seekable,
    largeObjects: Math.max(largeObjects, archive.largeObjects),
    lines: (request) => readLines(archive, blocksOf(byTable, request), request),
    sequences: async () => sorted,
    digest: archive.digest,
    [Symbol.asyncDispose]: archive.close,
  };
}

function holdsRows(entry: TocEntry): boolean {
  return entry.kind === "TABLE DATA" && entry.hasData;
}

async function readBlockTarget(archive: Archive, entry: TocEntry): Promise<ArchiveBlock> {
  if (entry.copyStatement === undefined) return readInsertTarget(archive, entry);
  const target = readCopyTarget(entry.copyStatement, {
    defaultSchema: entry.schema,
    standardStrings: true,
  });
  if (!target) throw damageAt(archive, entry)("its COPY statement cannot be read");
  return { kind: "copy", entry, ...blockTarget(entry, target) };
}

function blockTarget({ schema, tag }: TocEntry, target: RowTarget): DataBlock {
  const { table } = target;
  return { table, ...blockColumns(target), ...blockLeaves(table, { schema, name: tag }) };
}

/** INSERT statements tell only themselves where their rows go: the first one is looked at. */
async function readInsertTarget(archive: Archive, entry: TocEntry): Promise<ArchiveBlock> {
  const damage = damageAt(archive, entry);
  const { encoding, standardStrings } = archive.toc;
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of archive.data(entry)) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length >= MAX_HEAD_BYTES) break;
  }
  const start = skipSpace(bytes, 0);
  if (start === bytes.length) {
    if (bytes.length < 2) throw damage("its data are cut off");
    const table: TableName = { schema: entry.schema, name: entry.tag };
    return { kind: "insert", entry, table, columns: [], positional: true, empty: true };
  }
  const settings = { encoding, standardStrings, defaultSchema: entry.schema };
  const head = readInsertHead(bytes.subarray(start, start + MAX_HEAD_BYTES), settings);
  if (!head) throw damage("its rows are neither COPY text nor INSERT statements of plain values");
  return { kind: "insert", entry, ...blockTarget(entry, head.target) };
}

/** Where the head of the first INSERT must have ended. */
const MAX_HEAD_BYTES = 262_144;

function describe({ path, toc, name, bytes }: Archive): Provenance {
  const { header, encoding } = toc;
  const database = decodeText(encoding, header.database);
  return {
    kind: "dump",
    display: path,
    ...(database === "" ? {} : { database }),
    ...(header.serverVersion === "" ? {} : { serverVersion: header.serverVersion }),
    format: `${name} 1.${header.minor} by pg_dump ${header.dumpVersion.split(" ")[0]}`,
    createdAt: header.createdAt,
    encoding: encoding.name,
    bytes,
  };
}

async function* readLines(
  archive: Archive,
  blocks: readonly ArchiveBlock[],
  request: LinesRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const { encoding, standardStrings } = archive.toc;
  for (const block of blocks) {
    const text = {
      block,
      kind: block.kind,
      chunks: archive.data(block.entry),
      encoding,
      standardStrings,
      defaultSchema: block.entry.schema,
      marked: true,
      crlf: false,
      damage: damageAt(archive, block.entry),
    };
    yield* blockLines(text, request);
  }
}

function damageAt(archive: Archive, entry: TocEntry): Damage {
  return (reason) =>
    new ExpectedError({
      code: "dump_damaged",
      path: archive.path,
      where: entryPlace(entry),
      reason,
    });
}
