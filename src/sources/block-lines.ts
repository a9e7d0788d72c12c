/**
 * The rows of one block of a dump as lines, whatever the dump's format: columns by name, UTF-8, INSERT turned into COPY.
 */
import { formatColumns } from "../findings.ts";
import { formatName } from "../names.ts";
import {
  type ChunkMap,
  type Damage,
  selectColumns,
  stripCarriageReturns,
  untilEndOfData,
  wholeLines,
} from "./copy-text.ts";
import { type Encoding, utf8Map } from "./encoding.ts";
import { insertRows } from "./plain/insert-rows.ts";
import type { DataBlock, LinesRequest } from "./source.ts";

/** What is known of a block. */
export interface BlockText {
  readonly block: DataBlock;
  readonly kind: "copy" | "insert";
  /** Its bytes as they are in the dump. */
  readonly chunks: AsyncIterable<Buffer>;
  readonly encoding: Encoding;
  readonly standardStrings: boolean;
  readonly defaultSchema: string;
  /** True if its end is marked in the bytes, as in archives: `\.` and empty lines. */
  readonly marked: boolean;
  /** True if lines end with CR LF. */
  readonly crlf: boolean;
  readonly damage: Damage;
}

/**
 * Chunks of whole lines with the columns asked for.
 *
 * @throws what `damage` makes, if a requested column is missing or the bytes are cut off or corrupt.
 */
export async function* blockLines(
  text: BlockText,
  request: LinesRequest,
): AsyncGenerator<Buffer, void, undefined> {
  const { block, kind, damage } = text;
  const from = columnsOfBlock(block, request, damage);
  const to = request.columns;
  // A raw CR is never part of COPY text; in INSERT literals it may be, unless all lines end with it.
  const strip = kind === "copy" ? !text.marked : text.crlf;
  const decode = mapsOf(strip ? stripCarriageReturns : undefined, utf8Map(text.encoding, damage));
  // The statements of a plain dump end with a semicolon, not with a line.
  const last = kind === "insert" && !text.marked ? "kept" : "complete";
  const chunks = decode(wholeLines(text.chunks, damage, { last, reuse: kind === "copy" }));
  if (kind === "insert") {
    yield* insertRows({ ...text, chunks, from, to });
    return;
  }
  const rows = text.marked ? untilEndOfData(chunks, damage) : chunks;
  yield* mapsOf(selectColumns({ from, to, damage }))(rows);
}

type Chunks = AsyncIterable<Buffer>;

/** Applies the maps that there are to each chunk. */
function mapsOf(...maybe: readonly (ChunkMap | undefined)[]): (chunks: Chunks) => Chunks {
  const maps = maybe.filter((map): map is ChunkMap => map !== undefined);
  if (maps.length === 0) return (chunks) => chunks;
  return async function* mapped(chunks) {
    for await (const chunk of chunks) yield maps.reduce((lines, map) => map(lines), chunk);
  };
}

/** The columns of the block's fields, in order. */
function columnsOfBlock(
  block: DataBlock,
  request: LinesRequest,
  damage: Damage,
): readonly string[] {
  const columns = block.positional ? request.columnsOf?.(block.table) : block.columns;
  const table = formatName(block.table);
  if (!columns && request.columns.length > 0) {
    throw damage(
      `the rows of ${table} come without column names, and nothing else in the dump names them`,
    );
  }
  const missing = request.columns.filter((column) => !columns?.includes(column));
  if (missing.length > 0) throw damage(`the rows of ${table} have no ${formatColumns(missing)}`);
  return columns ?? [];
}
