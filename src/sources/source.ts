/**
 * What one side of a comparison offers before anything is interpreted: its rows as COPY text, its sequences, where it came from.
 * A dump also offers its DDL, a database its catalog queries. Knows no types, keys or equality.
 */
import type { QualifiedName, TableName } from "../names.ts";

/** The sides of a comparison; `base` is the dump that local was once restored from. */
export type Side = "production" | "local" | "base";

/** Where a side came from, for headers, reports and the changeset. Holds no password. */
export interface Provenance {
  readonly kind: "database" | "dump";
  /** What the user named, without password: a path or a redacted URL. */
  readonly display: string;
  /** Database name, if the source tells. */
  readonly database?: string;
  /** As the server prints it, e.g. `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly serverVersion?: string;
  /** Of dumps: what wrote it, e.g. `plain dump by pg_dump 15.18` or `custom archive 1.14 by pg_dump 15.18`. */
  readonly format?: string;
  /** Of dumps: when it was made, ISO 8601 without zone where the archive records none. Of databases: the snapshot's time, with zone. */
  readonly createdAt?: string;
  /** Name of the encoding as PostgreSQL spells it: the dump's client encoding or the database's. */
  readonly encoding: string;
  /** Of dumps that are one file: hexadecimal SHA-256 of the file. */
  readonly sha256?: string;
  /** Of dumps: size in bytes. */
  readonly bytes?: number;
  /** Of databases: `system_identifier` of pg_control_system(), where the role may read it. */
  readonly systemIdentifier?: string;
}

/** One sequence's state. `lastValue` is a decimal number; with `isCalled` false it is the next value itself. */
export interface SequenceValue {
  readonly name: QualifiedName;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** What to read of one table. */
export interface LinesRequest {
  /** The table itself, or the root of a partition tree. */
  readonly table: TableName;
  /** The tables that may hold its rows: itself, or root and every partition. Rows of all of them are concatenated. */
  readonly parts: readonly TableName[];
  /** Fields of each line, in this order. */
  readonly columns: readonly string[];
  /** SQL condition; only a database can apply it. */
  readonly where?: string;
  /** All columns of a part in table order, generated ones included. Only `positional` blocks of a dump ask for it. */
  readonly columnsOf?: (part: TableName) => readonly string[] | undefined;
}

interface SourceBase {
  readonly provenance: Provenance;
  /**
   * The rows in COPY text form, UTF-8, as chunks of whole lines: fields joined by TAB, `\N` for NULL, each line ended by LF, no `\.`.
   * Chunks are valid until the next one is asked for. Physical order. Ends the read when the consumer stops early.
   *
   * @throws ExpectedError for a damaged dump or a query that fails.
   */
  lines(request: LinesRequest): AsyncIterable<Buffer>;
  /** Values of all sequences, ordered by name. */
  sequences(): Promise<readonly SequenceValue[]>;
  /** Closes connection or file. Harmless when called twice. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Which tables will be read, and over how many connections. */
export interface Preparation {
  readonly tables: readonly TableName[];
  readonly connections: number;
}

/** What there is for reading. */
export interface Prepared {
  /** At least one: as many calls of `lines` may run at once. */
  readonly connections: number;
  /** Of the main file of each table, by `nameKey`. */
  readonly bytes: ReadonlyMap<string, number>;
}

/** A live database, in one REPEATABLE READ READ ONLY snapshot under the settings of session.ts. */
export interface DatabaseSource extends SourceBase {
  readonly kind: "database";
  /** Server version as a number, e.g. 150018. */
  readonly versionNumber: number;
  /** Runs one catalog query in the snapshot. Rows are arrays of PostgreSQL text in the order of the select list. */
  query(text: string, parameters?: readonly (string | null)[]): Promise<(string | null)[][]>;
  /** The same for several queries without parameters, which the server runs without waiting in between. By the names given. */
  queryAll<K extends string>(
    texts: Readonly<Record<K, string>>,
  ): Promise<Readonly<Record<K, (string | null)[][]>>>;
  /**
   * Locks the tables in ACCESS SHARE mode until the source is closed, so that nobody truncates or alters them, and opens further
   * connections into the snapshot, as far as they can be had. Called once, while nothing is read.
   *
   * @throws ExpectedError `table_replaced` where that happened between snapshot and lock
   */
  prepare(preparation: Preparation): Promise<Prepared>;
  /** After all rows were read: closes the further connections. @throws ExpectedError `table_replaced`, of tables without lock */
  settle(): Promise<void>;
}

/** One statement of a dump that may define something, with the place it came from for messages. */
export interface DdlStatement {
  /** As for `standard_conforming_strings = on`, whatever the dump was written under. */
  readonly text: string;
  /** 1-based line of a plain dump, or the dump id of an archive's TOC entry: `line 12`, `TOC entry 215`. */
  readonly place: string;
  /** The schema of names that have none; set only where it is not `public` (dumps by pg_dump before 10.3). */
  readonly defaultSchema?: string;
}

/** One block of rows in a dump. Several may fill one table (`--load-via-partition-root`). */
export interface DataBlock {
  /** The table that COPY names: the leaf, or the root for dumps loaded through it. */
  readonly table: TableName;
  /** The COPY column list, unquoted, in the order of the fields. */
  readonly columns: readonly string[];
  /** True if the dump names no columns here (`--inserts`): fields are in table order, and `columns` is empty. */
  readonly positional?: true;
  /** Of rows that are loaded through another table: the partitions that they came from, where the dump tells. */
  readonly leaves?: readonly TableName[];
}

/** A dump. */
export interface DumpSource extends SourceBase {
  readonly kind: "dump";
  /** Statements other than row data, SET, setval and meta-commands, in the dump's order, UTF-8 decoded. */
  readonly ddl: readonly DdlStatement[];
  /** Every block of rows, in the dump's order. A table without a block has no data in this dump. */
  readonly blocks: readonly DataBlock[];
  /** Tables may be read in any order, and several at once; else only one after the other, best from front to back. */
  readonly anyOrder?: boolean;
  /** Set where the dump itself does not define its tables (`--data-only`) and the catalog is that of the other side. */
  readonly tablesFrom?: "other side";
  /** Large objects that the dump holds; they are never compared. */
  readonly largeObjects: number;
  /** Hexadecimal SHA-256 of a dump that is one file, by one pass over it when first asked for; undefined for a directory. */
  digest(): Promise<string | undefined>;
}

export type Source = DatabaseSource | DumpSource;
