/**
 * What one plain dump holds of one database, as it is gathered statement by statement. Opens nothing.
 */

import { nameKey, type TableName } from "../../names.ts";
import { type Encoding, findEncoding, UTF8 } from "../encoding.ts";
import type { DataBlock, DdlStatement, SequenceValue } from "../source.ts";
import type { RowTarget, Statement, StatementContext } from "./statement.ts";

/** Rows of one table, as a range of the file. */
export interface PlainBlock extends DataBlock {
  readonly kind: "copy" | "insert";
  readonly encoding: Encoding;
  readonly standardStrings: boolean;
  readonly defaultSchema: string;
  /** Positions of the first byte and past the last one; the line `\.` is left out. */
  readonly start: number;
  readonly end: number;
  /** Line of its statement. */
  readonly place: string;
  /** True for a table that pg_dump says it dumped, and that had no rows to write an INSERT for. */
  readonly empty?: true;
}

/** The part of a file that fills one database. */
export interface Section {
  /** As `\connect` names it. */
  database?: string;
  /** True if pg_dump's header comment was seen in it. */
  headed: boolean;
  /** True if a `\connect` was seen after the header. */
  connected: boolean;
  serverVersion?: string;
  dumpVersion?: string;
  encoding: Encoding;
  readonly ddl: DdlStatement[];
  readonly blocks: PlainBlock[];
  /** Tables whose data pg_dump's comments announce. */
  readonly announced: TableName[];
  /** True if it is a pg_dumpall file's. */
  readonly cluster: boolean;
  readonly sequences: SequenceValue[];
  readonly createdObjects: Set<string>;
  readonly openedObjects: Set<string>;
}

/** An empty section. */
export function startSection(
  database: string | undefined,
  encoding: Encoding,
  cluster = false,
): Section {
  return {
    ...(database === undefined ? {} : { database }),
    headed: false,
    connected: false,
    encoding,
    ddl: [],
    blocks: [],
    announced: [],
    cluster,
    sequences: [],
    createdObjects: new Set(),
    openedObjects: new Set(),
  };
}

/** Settings in force at a place of the file. */
export interface Settings extends StatementContext {
  readonly encoding: Encoding;
}

/** Before anything is set. */
export const INITIAL_SETTINGS: Settings = {
  encoding: UTF8,
  standardStrings: true,
  defaultSchema: "public",
};

/** The settings after a statement; "unknown" if it sets an encoding that is not known. */
export function nextSettings(settings: Settings, statement: Statement): Settings | "unknown" {
  switch (statement.kind) {
    case "encoding": {
      const encoding = findEncoding(statement.name);
      return encoding ? { ...settings, encoding } : "unknown";
    }
    case "standard strings":
      return { ...settings, standardStrings: statement.on };
    case "search path":
      return { ...settings, defaultSchema: statement.schemas[0] ?? "public" };
    default:
      return settings;
  }
}

/** The columns of a block: none, and `positional`, if the statement names none. */
export function blockColumns(target: RowTarget): Pick<DataBlock, "columns" | "positional"> {
  return target.columns ? { columns: target.columns } : { columns: [], positional: true };
}

/** Whose rows a block holds, where they are loaded through another table than the one that pg_dump's comment named. */
export function blockLeaves(
  table: TableName,
  announced: TableName | undefined,
): Pick<DataBlock, "leaves"> {
  return announced && nameKey(announced) !== nameKey(table) ? { leaves: [announced] } : {};
}

/** The leaves of a block that goes on with rows of another one; none where nothing tells of which. */
export function moreLeaves(
  { table, leaves }: DataBlock,
  announced: TableName | undefined,
): Pick<DataBlock, "leaves"> {
  if (!leaves || !announced) return {};
  const known = [table, ...leaves].some((name) => nameKey(name) === nameKey(announced));
  return { leaves: known ? leaves : [...leaves, announced] };
}

/** Blocks of tables that were dumped as INSERT statements and had no row. Where rows come by COPY each table has a block. */
export function emptyBlocks({ announced, blocks, encoding }: Section): readonly PlainBlock[] {
  if (blocks.some(({ kind }) => kind === "copy")) return [];
  const filled = new Set(
    blocks.flatMap(({ table, leaves = [] }) => [nameKey(table), ...leaves.map(nameKey)]),
  );
  return announced
    .filter((table) => !filled.has(nameKey(table)))
    .map((table) => ({
      ...INITIAL_SETTINGS,
      kind: "insert",
      table,
      columns: [],
      positional: true,
      encoding,
      start: 0,
      end: 0,
      place: "a comment",
      empty: true,
    }));
}
