/**
 * What a source holds, table by table. Reads every row of a dump; a database counts them itself.
 */
import { dataGap } from "../../catalog/coverage.ts";
import { keyCandidates, partitionTree } from "../../catalog/lookup.ts";
import { holdsDataOnly, withColumns } from "../../catalog/sides.ts";
import { readCatalog } from "../../catalog/snapshot.ts";
import type { Catalog, Table } from "../../catalog/types.ts";
import { largeObjectsOf } from "../../changeset/review/server.ts";
import { compareNames, formatName, nameKey, type TableName } from "../../names.ts";
import type { SequenceValue, Source } from "../../sources/source.ts";
import { countRows } from "./count.ts";

/** A table, or the root of a partition tree. */
export interface HeldTable {
  readonly name: TableName;
  /** Absent in dumps that hold data only. */
  readonly table?: Table;
  readonly key: readonly string[] | undefined;
  readonly partitions: number;
  /** Absent where the rows lie elsewhere, or nothing tells how to read them. */
  readonly rows?: number;
  /** Of dumps: rows as COPY text in UTF-8. */
  readonly bytes?: number;
  /** What the dump lacks of its rows. */
  readonly gap?: string;
}

export interface Contents {
  readonly source: Source;
  readonly catalog: Catalog;
  /** By name. */
  readonly tables: readonly HeldTable[];
  readonly sequences: readonly SequenceValue[];
  readonly largeObjects: number;
}

/** A source and its catalog; lines may be asked for without telling columns. */
export interface OpenedSource {
  readonly source: Source;
  readonly catalog: Catalog;
}

export async function openContents(opened: Source): Promise<OpenedSource> {
  const catalog = await readCatalog(opened);
  return { source: withColumns(opened, catalog), catalog };
}

/** Reads everything once. `onTable` hears of each table before it is counted. */
export async function readContents(
  { source, catalog }: OpenedSource,
  onTable: (table: TableName) => void,
): Promise<Contents> {
  const tables: HeldTable[] = [];
  const counted = holdsDataOnly(source, catalog)
    ? blockTables(source)
    : catalog.tables.filter(({ partitionOf }) => !partitionOf).map((table) => ({ table }));
  for (const item of counted) {
    const name = "table" in item ? item.table.name : item.name;
    onTable(name);
    tables.push(
      "table" in item
        ? await heldTable({ source, catalog }, item.table)
        : {
            ...item,
            key: undefined,
            partitions: 0,
            ...(await sizeOf(source, [name], item.columns)),
          },
    );
  }
  return {
    source,
    catalog,
    tables,
    sequences: await source.sequences(),
    largeObjects: await largeObjectsOf(source),
  };
}

interface BlockTable {
  readonly name: TableName;
  readonly columns: readonly string[] | undefined;
}

/** The tables of a dump that defines none. */
function blockTables(source: Source): readonly BlockTable[] {
  const blocks = source.kind === "dump" ? source.blocks : [];
  const found = new Map<string, BlockTable>();
  for (const { table, columns, positional } of blocks) {
    const unknown = positional && columns.length === 0;
    found.set(nameKey(table), { name: table, columns: unknown ? undefined : columns });
  }
  return [...found.values()].sort((a, b) => compareNames(a.name, b.name));
}

async function heldTable({ source, catalog }: OpenedSource, table: Table): Promise<HeldTable> {
  const parts = partitionTree(catalog, table.name);
  const held = {
    name: table.name,
    table,
    key: keyCandidates(table)[0]?.columns,
    partitions: parts.length - 1,
  };
  if (table.kind === "foreign") return held;
  if (source.kind === "database") return { ...held, rows: await countRows(source, table) };
  const gap = dataGap(source, catalog, parts);
  const size = await sizeOf(source, parts, storedColumns(table));
  if (gap === undefined) return { ...held, ...size };
  // No rows are not 0 rows where the dump leaves them out.
  return size.rows === 0 ? { ...held, gap } : { ...held, ...size, gap };
}

async function sizeOf(
  source: Source,
  parts: readonly TableName[],
  columns: readonly string[] | undefined,
): Promise<Pick<HeldTable, "rows" | "bytes">> {
  const [table] = parts;
  if (!table || !columns) return {};
  let [rows, bytes] = [0, 0];
  for await (const chunk of source.lines({ table, parts, columns })) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
  }
  return { rows, bytes };
}

/** The columns that rows have values for. */
export function storedColumns(table: Table): readonly string[] {
  return table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
}

/** What reads the rows of one table; the failures of one that is not there are `gap`s. */
export interface TableRows {
  readonly name: TableName;
  readonly parts: readonly TableName[];
  readonly columns: readonly string[] | undefined;
  readonly gap: string | undefined;
}

/** Every table and partition whose rows can be asked for. */
export function readableTables({ source, catalog }: OpenedSource): readonly TableRows[] {
  if (holdsDataOnly(source, catalog)) {
    return blockTables(source).map(({ name, columns }) => {
      return { name, parts: [name], columns, gap: undefined };
    });
  }
  return catalog.tables.map((table) => {
    const parts = partitionTree(catalog, table.name);
    const gap = source.kind === "dump" ? dataGap(source, catalog, parts) : undefined;
    return { name: table.name, parts, columns: storedColumns(table), gap };
  });
}

/** For messages. */
export function listNames(tables: readonly { readonly name: TableName }[]): string {
  return tables.map(({ name }) => formatName(name)).join(", ");
}
