/**
 * The rows of one table of a live database, as COPY text: which statements read them, through which connections.
 */
import {
  formatIdentifier,
  formatName,
  nameKey,
  printable,
  quoteIdentifier,
  quoteName,
  type TableName,
} from "../../names.ts";
import type { LinesRequest } from "../source.ts";
import { type HeldTable, isFailure } from "./hold.ts";
import type { Lanes } from "./lanes.ts";
import { RANGE_BYTES, readRanges } from "./pages.ts";
import { FORGET, type Session, type Task } from "./session.ts";

/** What reading rows must know of the database. */
export interface RowsSource {
  readonly lanes: Lanes;
  readonly role: string;
  readonly versionNumber: number;
  /** By name key. */
  readonly held: ReadonlyMap<string, HeldTable>;
  readonly request: LinesRequest;
}

/** Below this, further connections gain nothing. */
const LARGE = 64 * 1024 * 1024;
/** Older servers would read the whole table for each range. */
const RANGE_SCANS = 140000;

/** The rows of one part in physical order. @throws ExpectedError `query`, `connection`, `interrupted` */
export async function* readPart(source: RowsSource, part: TableName): AsyncGenerator<Buffer> {
  const { lanes } = source;
  const read = (session: Session) => readWith(source, part, session);
  try {
    yield* lanes.use(read);
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    // Someone waits to alter the table. The first connection has its lock already and goes ahead; another one would queue behind
    // that someone, who waits for the first.
    yield* lanes.use(read, lanes.first);
  }
}

async function* readWith(
  source: RowsSource,
  part: TableName,
  session: Session,
): AsyncGenerator<Buffer> {
  const { lanes, request, held } = source;
  const { where } = request;
  const columns = request.columns.map(quoteIdentifier).join(", ");
  const task = taskOf(source, part);
  const table = held.get(nameKey(part));
  const locks =
    table?.isLocked && session !== lanes.first
      ? `LOCK TABLE ONLY ${quoteName(part)} IN ACCESS SHARE MODE NOWAIT`
      : undefined;
  if (where === undefined && columns !== "") {
    if (table && isForRanges(source, table)) {
      yield* readByPages({ source, table, session, task, columns });
      return;
    }
    const copy = `COPY ${quoteName(part)} (${columns}) TO STDOUT`;
    // One message for all: nothing is waited for. Locks of the table before are released, since room for locks is limited.
    const text = locks === undefined ? copy : `${FORGET}; ${locks}; ${copy}`;
    // Never reads the rows of tables that inherit from this one.
    yield* session.copy({ ...task, text });
    return;
  }
  if (locks !== undefined) await session.query({ ...task, text: locks });
  // The line breaks end a comment in the condition.
  const from = `FROM ONLY ${quoteName(part)} WHERE (\n${where ?? "true"}\n)`;
  // Prepared on its own first: that refuses a second statement, which COPY, sent as plain text, would let through.
  if (where !== undefined) await session.query({ ...task, text: `SELECT ${from} LIMIT 0` });
  yield* session.copy({ ...task, text: `COPY (SELECT ${columns} ${from}) TO STDOUT` });
}

function taskOf({ request, role }: RowsSource, part: TableName): Omit<Task, "text"> {
  const { where } = request;
  return {
    doing: `reading ${formatName(part)}${where === undefined ? "" : ` where ${printable(where)}`}`,
    grant: `GRANT SELECT ON ${formatName(part)} TO ${formatIdentifier(role)} (and USAGE on its schema)`,
  };
}

function isForRanges({ lanes, versionNumber }: RowsSource, table: HeldTable): boolean {
  // Who may lock a table may read all of it, the places of its rows included.
  if (!table.isHeap || !table.isLocked || table.bytes < LARGE) return false;
  return lanes.first.exported !== undefined && lanes.count > 1 && versionNumber >= RANGE_SCANS;
}

interface Paged {
  readonly source: RowsSource;
  readonly table: HeldTable;
  readonly session: Session;
  readonly task: Omit<Task, "text">;
  readonly columns: string;
}

function readByPages({ source, table, session, task, columns }: Paged): AsyncIterable<Buffer> {
  const { lanes } = source;
  const name = quoteName(table.name);
  const lock = `LOCK TABLE ONLY ${name} IN ACCESS SHARE MODE NOWAIT`;
  const pages = Math.max(1, Math.floor(RANGE_BYTES / table.pageBytes));
  const count = Math.ceil(table.bytes / (pages * table.pageBytes));
  return readRanges({
    lanes,
    session,
    count,
    isRefusal,
    read(reader, range, { isFirst, memory }) {
      const from = `ctid >= '(${range * pages},0)'::pg_catalog.tid`;
      // Others may add pages meanwhile: the last range has no end.
      const to = `ctid < '(${(range + 1) * pages},0)'::pg_catalog.tid`;
      const where = range === count - 1 ? from : `${from} AND ${to}`;
      const copy = `COPY (SELECT ${columns} FROM ONLY ${name} WHERE ${where}) TO STDOUT`;
      const locks = isFirst && reader !== lanes.first;
      const text = locks ? `${FORGET}; ${lock}; ${copy}` : copy;
      return reader.copy({ ...task, text }, memory);
    },
  });
}

/** lock_not_available */
function isRefusal(cause: unknown): boolean {
  return isFailure(cause, "55P03");
}
