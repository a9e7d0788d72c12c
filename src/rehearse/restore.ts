/**
 * Restores a dump into an empty database: definitions, rows, then what pg_dump puts after the rows. Knows nothing of changes.
 */
import { loadParser, type Node, parseStatements } from "../catalog/parser.ts";
import { ExpectedError } from "../errors.ts";
import { formatName, nameKey, quoteName, type TableName } from "../names.ts";
import { ident, join, literal, qualified, sql } from "../script/sql.ts";
import type { DataBlock, DdlStatement, DumpSource } from "../sources/source.ts";
import { copyWhole, type RestoreTarget } from "./restore-target.ts";
import { roleOf } from "./statement-role.ts";

/** A statement, or the rows of a table, that the server did not take. */
export interface RestoreFailure {
  /** As the dump names it: `line 12`, `TOC entry 215`, or `rows of public.film`. */
  readonly place: string;
  readonly sqlState: string;
  readonly reason: string;
  /** The statement itself, where it is one of the dump. */
  readonly statement?: string;
}

export interface RestoreOptions {
  /** Whether roles that the dump mentions may be made where they are missing: without login or rights. */
  readonly createRoles?: boolean;
}

export interface Restored {
  readonly statements: number;
  readonly tables: number;
  /** Statements about owners, privileges, roles, databases and subscriptions: they would fail or act on more than this database. */
  readonly leftOut: number;
  /** In the order in which they came. */
  readonly failures: readonly RestoreFailure[];
}

/** Definitions are meant to be read as pg_dump wrote them. */
const SETTINGS = [
  "statement_timeout = 0",
  "synchronous_commit = off",
  "lock_timeout = 0",
  "client_min_messages = warning",
  "check_function_bodies = off",
  "row_security = off",
  "xmloption = content",
  "standard_conforming_strings = on",
  "DateStyle = ISO",
  "IntervalStyle = postgres",
];

/**
 * Restores `dump` into an empty database. Whatever the server refuses is listed,
 * and the restore goes on. Memory: one chunk of rows.
 *
 * @throws ExpectedError for a damaged dump; a broken connection as `pg` throws it.
 */
export async function restoreDump(
  dump: DumpSource,
  target: RestoreTarget,
  options: RestoreOptions = {},
): Promise<Restored> {
  await loadParser();
  const failures: RestoreFailure[] = [];
  const session: Session = { target, failures, createRoles: options.createRoles === true };
  const statements = dump.ddl.map((statement) => ({ statement, role: roleOf(nodesOf(statement)) }));
  const wanted = statements.filter(({ role }) => role !== "left out");
  const found = wanted.findIndex(({ role }) => role === "after rows");
  const boundary = found < 0 ? wanted.length : found;
  for (const setting of SETTINGS) await target.query(`SET ${setting}`);
  for (const { statement } of wanted.slice(0, boundary)) await runStatement(session, statement);
  const tables = blocksByTable(dump.blocks);
  await target.query(`SET client_encoding = ${literal(clientEncoding(dump))}`);
  for (const block of tables) await copyRows(session, dump, block);
  await target.query("SET client_encoding = 'UTF8'");
  for (const { statement } of wanted.slice(boundary)) await runStatement(session, statement);
  await restoreSequences(session, dump);
  return {
    statements: wanted.length,
    tables: tables.length,
    leftOut: statements.length - wanted.length,
    failures,
  };
}

interface Session {
  readonly target: RestoreTarget;
  readonly failures: RestoreFailure[];
  readonly createRoles: boolean;
  /** The role that was made last: one that is missing still would be made again for ever. */
  lastRole?: string;
}

/** Statements that this parser does not read are left to the server. */
function nodesOf({ text }: DdlStatement): readonly Node[] {
  try {
    return parseStatements(text);
  } catch {
    return [];
  }
}

/** Rows come as UTF-8, but bytes of SQL_ASCII databases have no encoding. */
function clientEncoding({ provenance }: DumpSource): string {
  return provenance.encoding === "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
}

/** One block for each table: `lines` joins the blocks of a table. In the dump's order. */
function blocksByTable(blocks: readonly DataBlock[]): readonly DataBlock[] {
  const tables = new Map<string, DataBlock>();
  for (const block of blocks) {
    if (!tables.has(nameKey(block.table))) tables.set(nameKey(block.table), block);
  }
  return [...tables.values()];
}

async function runStatement(session: Session, { text, place, defaultSchema }: DdlStatement) {
  const run = async (): Promise<void> => {
    await session.target.query(`SET search_path = ${literal(defaultSchema ?? "")}`);
    await session.target.query(text);
  };
  const isRun = await attempt(session, { place, statement: text }, run);
  if (isRun || !session.createRoles) return;
  const [, role] =
    /^role "(.*)" does not exist$/s.exec(session.failures.at(-1)?.reason ?? "") ?? [];
  if (role === undefined || role === session.lastRole) return;
  session.failures.pop();
  session.lastRole = role;
  const isMade = await attempt(session, { place }, () =>
    session.target.query(`CREATE ROLE ${ident(role)}`),
  );
  if (isMade)
    await runStatement(session, {
      text,
      place,
      ...(defaultSchema === undefined ? {} : { defaultSchema }),
    });
}

async function copyRows(session: Session, dump: DumpSource, block: DataBlock): Promise<void> {
  const { table } = block;
  const all = block.positional ? await tableColumns(session.target, table) : [];
  const columns = block.positional
    ? all.filter(({ generated }) => !generated).map(({ name }) => name)
    : block.columns;
  const list = join(columns.map(ident), ", ");
  const target = columns.length === 0 ? qualified(table) : sql`${qualified(table)} (${list})`;
  const columnsOf = () => all.map(({ name }) => name);
  const lines = dump.lines({ table, parts: [table], columns, columnsOf });
  const place = `rows of ${formatName(table)}`;
  await attempt(session, { place }, () => copyWhole(session.target, { table, lines, target }));
}

/** In table order: what a block without a column list names. */
async function tableColumns(
  target: RestoreTarget,
  table: TableName,
): Promise<readonly { readonly name: string; readonly generated: boolean }[]> {
  const rows = await target.query(
    `SELECT attname::text, attgenerated::text FROM pg_catalog.pg_attribute
     WHERE attrelid = pg_catalog.to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [quoteName(table)],
  );
  return rows.map(([name, generated]) => ({ name: String(name), generated: generated !== "" }));
}

async function restoreSequences(session: Session, dump: DumpSource): Promise<void> {
  for (const { name, lastValue, isCalled } of await dump.sequences()) {
    await attempt(session, { place: `sequence ${formatName(name)}` }, () =>
      session.target.query("SELECT pg_catalog.setval($1, $2, $3)", [
        quoteName(name),
        lastValue,
        isCalled,
      ]),
    );
  }
}

/** Whether it was done; else the failure is listed. */
async function attempt(
  session: Session,
  about: Pick<RestoreFailure, "place" | "statement">,
  work: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Error && "severity" in error && "code" in error)) throw error;
    if (error.severity !== "ERROR") throw error;
    session.failures.push({ ...about, sqlState: String(error.code), reason: error.message });
    return false;
  }
}

/** A failure that names the first statements that were not restored. For callers that need all of them. */
export function restoreFailed(display: string, failures: readonly RestoreFailure[]): ExpectedError {
  const [first] = failures;
  return new ExpectedError({
    code: "query",
    display,
    doing: `restoring ${first?.place ?? "the dump"}`,
    sqlState: first?.sqlState ?? "",
    reason: first?.reason ?? "",
    ...(failures.length > 1 ? { hint: `${failures.length - 1} more statements failed` } : {}),
  });
}
