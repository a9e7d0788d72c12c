/**
 * Keeps tables as the snapshot saw them. TRUNCATE and rewriting ALTER TABLE reach into snapshots that are older than they are: the
 * table would read as empty. Locks keep them out; what came between snapshot and lock is noticed.
 */
import { ExpectedError } from "../../errors.ts";
import { compareNames, formatName, nameKey, quoteName, type TableName } from "../../names.ts";
import { KEEP, type Session } from "./session.ts";

/** A table that can be read. */
export interface HeldTable {
  readonly name: TableName;
  /** Of its main file; 0 for one that has none. */
  readonly bytes: number;
  /** Of one of its pages. */
  readonly pageBytes: number;
  /** Rows lie in an ordinary heap, which may be read by pages. */
  readonly isHeap: boolean;
  /** It holds no rows itself, and COPY refuses it. */
  readonly isPartitioned: boolean;
  /** No other session can truncate or alter it. */
  readonly isLocked: boolean;
}

/** Tables of one LOCK statement. */
const BATCH = 500;

/**
 * Locks the tables in ACCESS SHARE mode until the session ends, as far as the role may and the server has room for so many locks, and
 * looks whether they are still those of the snapshot. Waits for who alters one of them now. By name key.
 *
 * @throws ExpectedError `table_replaced`, `query`
 */
export async function holdTables(
  session: Session,
  tables: readonly TableName[],
  display: string,
): Promise<ReadonlyMap<string, HeldTable>> {
  const seen = await describe(session, tables);
  // In one order everywhere, so that two runs never wait for each other.
  const lockable = seen
    .filter(({ mayLock }) => mayLock)
    .sort((a, b) => compareNames(a.name, b.name));
  const isLocked = await lock(session, lockable);
  await demandUnchanged(session, tables, display);
  return new Map(
    seen.map(({ mayLock, ...table }) => [
      nameKey(table.name),
      { ...table, isLocked: mayLock && isLocked },
    ]),
  );
}

interface SeenTable extends Omit<HeldTable, "isLocked"> {
  readonly mayLock: boolean;
}

async function describe(
  session: Session,
  tables: readonly TableName[],
): Promise<readonly SeenTable[]> {
  const rows = await session.query({
    text: `SELECT n.nspname, c.relname,
        CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END,
        c.relkind = 'r' AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap'),
        c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'),
        pg_catalog.current_setting('block_size'), c.relkind = 'p'
      ${NAMED}`,
    parameters: named(tables),
    doing: "looking at the tables to be read",
  });
  return rows.map(([schema, name, bytes, isHeap, mayLock, pageBytes, isPartitioned]) => ({
    name: { schema: `${schema}`, name: `${name}` },
    bytes: Number(bytes),
    pageBytes: Number(pageBytes),
    isHeap: isHeap === "t",
    mayLock: mayLock === "t",
    isPartitioned: isPartitioned === "t",
  }));
}

const NAMED = `FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS named (schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = named.name`;

function named(tables: readonly TableName[]): readonly string[] {
  return [tables.map(({ schema }) => schema), tables.map(({ name }) => name)].map(
    (names) => `{${names.map((name) => `"${name.replaceAll(/["\\]/g, "\\$&")}"`).join(",")}}`,
  );
}

/** False if the server has no room for so many locks. */
async function lock(
  session: Session,
  tables: readonly { readonly name: TableName }[],
): Promise<boolean> {
  const texts: string[] = [];
  for (let from = 0; from < tables.length; from += BATCH) {
    const names = tables.slice(from, from + BATCH).map(({ name }) => `ONLY ${quoteName(name)}`);
    texts.push(`LOCK TABLE ${names.join(", ")} IN ACCESS SHARE MODE`);
  }
  try {
    await session.queryAll({ texts: [...texts, ...KEEP], doing: "locking the tables to be read" });
    return true;
  } catch (cause) {
    // The whole server shares that room: the locks that were taken are gone again with the failed statement.
    if (isFailure(cause, "53200")) return false;
    throw cause;
  }
}

/**
 * Looks whether the names still mean the tables, with the contents, that the snapshot saw.
 *
 * @throws ExpectedError `table_replaced`
 */
export async function demandUnchanged(
  session: Session,
  tables: readonly TableName[],
  display: string,
): Promise<void> {
  // Catalog tables answer as of the snapshot, these functions as of now.
  const [replaced] = await session.query({
    text: `SELECT named.schema, named.name ${NAMED}
      WHERE pg_catalog.pg_relation_filenode(c.oid) IS DISTINCT FROM NULLIF(c.relfilenode, 0)
        OR pg_catalog.to_regclass(pg_catalog.quote_ident(named.schema) || '.' || pg_catalog.quote_ident(named.name))
          IS DISTINCT FROM c.oid
      ORDER BY 1, 2 LIMIT 1`,
    parameters: named(tables),
    doing: "looking whether tables were replaced",
  });
  if (!replaced) return;
  const [schema, name] = replaced;
  const table: TableName = { schema: `${schema}`, name: `${name}` };
  throw new ExpectedError({ code: "table_replaced", display, table: formatName(table) });
}

/** Whether the server refused with this SQLSTATE. */
export function isFailure(cause: unknown, sqlState: string): boolean {
  return (
    cause instanceof ExpectedError &&
    cause.failure.code === "query" &&
    cause.failure.sqlState === sqlState
  );
}
