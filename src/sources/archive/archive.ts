/**
 * An archive's table of contents as a source of DDL and rows, whatever way the archive stores its data.
 */
import { ExpectedError } from "../../errors.ts";
import { compareNames, nameKey, type TableName } from "../../names.ts";
import { columnsOfBlock } from "../block-columns.ts";
import {
  type ChunkMap,
  type Damage,
  selectColumns,
  untilEndOfData,
  wholeLines,
} from "../copy-text.ts";
import { decodeText } from "../encoding.ts";
import { blockColumns } from "../plain/section.ts";
import { readCopyTarget } from "../plain/statement.ts";
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
  /** The data of an entry, decompressed, from its start. */
  readonly data: (entry: TocEntry) => AsyncIterable<Buffer>;
  readonly digest: () => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

/** Rows of one entry. */
interface ArchiveBlock extends DataBlock {
  readonly kind: "copy" | "insert";
  readonly entry: TocEntry;
}

/** The source. @throws ExpectedError `dump_damaged` for definitions that are no SQL. */
export function archiveSource(archive: Archive): DumpSource {
  const { toc } = archive;
  const { ddl, sequences, largeObjects } = readDefinitions(archive.path, toc);
  const blocks = toc.entries.filter(holdsRows).map((entry) => readBlockTarget(archive, entry));
  const sorted: readonly SequenceValue[] = sequences.toSorted((a, b) =>
    compareNames(a.name, b.name),
  );
  return {
    kind: "dump",
    provenance: describe(archive),
    ddl,
    blocks,
    largeObjects: Math.max(largeObjects, archive.largeObjects),
    lines: (request) => readLines(archive, blocks, request),
    sequences: async () => sorted,
    digest: archive.digest,
    [Symbol.asyncDispose]: archive.close,
  };
}

function holdsRows(entry: TocEntry): boolean {
  return entry.kind === "TABLE DATA" && entry.hasData;
}

function readBlockTarget(archive: Archive, entry: TocEntry): ArchiveBlock {
  const table: TableName = { schema: entry.schema, name: entry.tag };
  if (entry.copyStatement === undefined) {
    return { kind: "insert", entry, table, columns: [], positional: true };
  }
  const target = readCopyTarget(entry.copyStatement, {
    defaultSchema: entry.schema,
    standardStrings: true,
  });
  if (!target) throw damageAt(archive, entry)("its COPY statement cannot be read");
  return { kind: "copy", entry, table: target.table, ...blockColumns(target) };
}

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
  const parts = new Set(request.parts.map(nameKey));
  for (const block of blocks) {
    if (!parts.has(nameKey(block.table))) continue;
    if (block.kind === "insert") {
      throw new ExpectedError({
        code: "dump_unsupported",
        path: archive.path,
        what: "a dump with INSERT statements",
        remedy: "make it without --inserts",
      });
    }
    yield* readBlock(archive, block, request);
  }
}

async function* readBlock(
  archive: Archive,
  block: ArchiveBlock,
  request: LinesRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const damage = damageAt(archive, block.entry);
  const from = columnsOfBlock(block, request, damage);
  const select = selectColumns({ from, to: request.columns, damage });
  const maps = [archive.toc.encoding.toUtf8, select].filter(
    (map): map is ChunkMap => map !== undefined,
  );
  const lines = untilEndOfData(wholeLines(archive.data(block.entry), damage), damage);
  for await (const chunk of lines) yield maps.reduce((mapped, map) => map(mapped), chunk);
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
