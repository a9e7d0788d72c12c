/**
 * The ledger: a table in production that keeps who has run which script when. Written in the script's own transaction.
 */
import type { Counts } from "../compare/change.ts";
import {
  formatName,
  type QualifiedName,
  quoteIdentifier,
  quoteName,
  type TableName,
} from "../names.ts";
import { doBlock, ident, join, literal, qualified, type Sql, sql } from "./sql.ts";

export interface LedgerEntry {
  readonly ledger: QualifiedName;
  readonly direction: "deploy" | "revert";
  /** Of the changeset, the same in both directions. */
  readonly checksum: string;
  readonly ticket: string | undefined;
  readonly tool: string;
  readonly counts: Counts;
  readonly triggerWrites: { readonly tables: readonly TableName[] };
}

const COLUMNS = {
  id: "bigint",
  done_at: "timestamp with time zone",
  ticket: "text",
  direction: "text",
  checksum: "text",
  session_role: "text",
  effective_role: "text",
  inserts: "bigint",
  updates: "bigint",
  deletes: "bigint",
  outcome: "text",
  tool: "text",
} as const;

/** Before the steps: the ledger can be written, and what it says of these changes is known (the settings rowpatch.last, .last_told). */
export function ledgerCheck(entry: LedgerEntry): Sql {
  const { ledger } = entry;
  const name = literal(quoteName(ledger));
  const label = literal(formatName(ledger));
  return sql`${doBlock(
    "ledger",
    sql`DECLARE
  lacking text;
  entry record;
BEGIN
  ${mayUse(ledger.schema, sql`concat('for the ledger ', ${label})`)}
  IF to_regclass(${name}) IS NULL THEN
    ${mayCreate(ledger.schema, sql`concat('to make the ledger ', ${label})`)}
    RETURN;
  END IF;
  ${columnsLacking(ledger, sql`lacking`)}
  IF lacking IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat(${label}, ' is no ledger of rowpatch, it has no: ', lacking), HINT = 'Nothing was changed. Name another table with --ledger.';
  END IF;
  ${columnsWanting(ledger, sql`lacking`)}
  IF lacking IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat(${label}, ' is no ledger of rowpatch, it wants values for: ', lacking), HINT = 'Nothing was changed. Give these columns a default, or name another table with --ledger.';
  END IF;
  IF NOT (has_table_privilege(to_regclass(${name})::oid, 'SELECT') AND has_table_privilege(to_regclass(${name})::oid, 'INSERT')) THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: SELECT and INSERT on the ledger ', ${label}), HINT = 'Nothing was changed.';
  END IF;
  IF row_security_active(to_regclass(${name})::oid) THEN
    RAISE EXCEPTION USING MESSAGE = concat('row security may hide rows of the ledger ', ${label}, ' from the role ', current_user), HINT = 'Nothing was changed. Run as its owner, or as a role with BYPASSRLS.';
  END IF;
  ${lastEntry(entry)}
  IF FOUND THEN
    PERFORM set_config('rowpatch.last', entry.direction, true), set_config('rowpatch.last_told', entry.told, true);
  END IF;
END`,
  )}
SELECT concat('ledger: ', current_setting('rowpatch.last_told')) WHERE current_setting('rowpatch.last_told') <> '' AND :rowpatch_told;`;
}

/** A statement of PL/pgSQL: the columns of a ledger that the table lacks, into a variable; NULL for none. */
export function columnsLacking(ledger: QualifiedName, into: Sql): Sql {
  const name = literal(quoteName(ledger));
  const columns = Object.entries(COLUMNS).map(
    ([column, type], n) => sql`(${n + 1}, ${literal(column)}, ${literal(type)})`,
  );
  return sql`SELECT string_agg(concat(wanted.name, ' ', wanted.type), ', ' ORDER BY wanted.n) INTO ${into}
  FROM (VALUES ${join(columns, ", ")}) AS wanted (n, name, type)
  WHERE NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    WHERE a.attrelid = to_regclass(${name})::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = wanted.name AND format_type(a.atttypid, NULL) = wanted.type);`;
}

/** The same for its other columns that want a value. */
export function columnsWanting(ledger: QualifiedName, into: Sql): Sql {
  const names = literal(`{${written().join()}}`);
  return sql`SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO ${into} FROM pg_attribute a
  WHERE a.attrelid = to_regclass(${literal(quoteName(ledger))})::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
    AND NOT a.attname = ANY (${names});`;
}

/** The same: what the ledger says last of these changes, as `direction` and `told`, into the record `entry`. */
export function lastEntry({ ledger, checksum }: LedgerEntry): Sql {
  return sql`SELECT l.direction, concat(CASE l.direction WHEN 'deploy' THEN 'deployed' ELSE 'reverted' END, ' at ', to_char(l.done_at, 'YYYY-MM-DD HH24:MI:SS'), ' UTC by ', l.session_role, ', ' || l.ticket) AS told INTO entry
  FROM ${qualified(ledger)} AS l WHERE l.checksum = ${literal(checksum)} ORDER BY l.id DESC LIMIT 1;`;
}

/** The columns that an entry gives. */
function written(): readonly string[] {
  return Object.keys(COLUMNS).filter((column) => column !== "id");
}

/** Rows that this session has written, as `pg_stat_xact_user_tables` counts them, but for those that triggers may write. */
function rowsWritten(free: readonly TableName[]): Sql {
  const named = free.map((table) => sql`(${literal(quoteName(table))})`);
  const except =
    named.length > 0
      ? sql` WHERE s.relid NOT IN (SELECT to_regclass(tbl)::oid FROM (VALUES ${join(named, ", ")}) AS free (tbl) WHERE to_regclass(tbl) IS NOT NULL)`
      : sql``;
  return sql`(SELECT coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0) FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid AND c.relpersistence <> 't'${except})`;
}

/**
 * After the effects check: refuses what the ledger says is done and not undone, though it had to be done again; else writes. Nothing
 * is written where nothing was done.
 */
export function ledgerWrite(entry: LedgerEntry): Sql {
  const { ledger, direction, counts } = entry;
  const columns = Object.entries(COLUMNS).map(
    ([column, type]) =>
      sql`${ident(column)} ${TYPES[type]}${column === "id" ? sql` GENERATED ALWAYS AS IDENTITY PRIMARY KEY` : column === "ticket" ? sql`` : sql` NOT NULL`}`,
  );
  const names = written().map(ident);
  const rows = rowsWritten(entry.triggerWrites.tables);
  return doBlock(
    "ledger",
    sql`DECLARE
  wrote bigint;
  written CONSTANT bigint := ${rows};
BEGIN
  IF current_setting('rowpatch.done') = '0' THEN RETURN; END IF;
  IF current_setting('rowpatch.last') = ${literal(direction)} AND current_setting('rowpatch.ledger') <> 'accept' THEN
    RAISE EXCEPTION USING MESSAGE = concat('the ledger says: ', current_setting('rowpatch.last_told'), ${literal(
      direction === "deploy"
        ? "; yet the changes were not in place any more"
        : "; yet the changes were in place again",
    )}), HINT = 'Nothing was changed. Find out who did that. To run all the same, add -v ledger=accept.';
  END IF;
  IF to_regnamespace(${literal(quoteIdentifier(ledger.schema))}) IS NULL THEN CREATE SCHEMA ${ident(ledger.schema)}; END IF;
  IF to_regclass(${literal(quoteName(ledger))}) IS NULL THEN
    CREATE TABLE ${qualified(ledger)} (${join(columns, ", ")});
  END IF;
  INSERT INTO ${qualified(ledger)} (${join(names, ", ")})
  VALUES (clock_timestamp(), ${literal(entry.ticket ?? null)}, ${literal(direction)}, ${literal(entry.checksum)}, session_user, current_user, ${counts.insert}, ${counts.update}, ${counts.delete}, current_setting('rowpatch.outcome'), ${literal(entry.tool)});
  GET DIAGNOSTICS wrote = ROW_COUNT;
  -- It comes after the effects check, so it answers for its own effects.
  IF wrote <> 1 OR ${rows} <> written + 1 THEN
    RAISE EXCEPTION USING MESSAGE = concat('the ledger ', ${literal(formatName(ledger))}, ' did not just take one row'), HINT = 'Nothing was changed. A trigger or rule of the ledger, or an event trigger, kept the row away or wrote more. Tables that it may write are named with --trigger-writes.';
  END IF;
END`,
  );
}

const TYPES: Readonly<Record<(typeof COLUMNS)[keyof typeof COLUMNS], Sql>> = {
  bigint: sql`bigint`,
  text: sql`text`,
  "timestamp with time zone": sql`timestamptz`,
};

/** A statement of PL/pgSQL: the role may look into the schema, if there is one. */
export function mayUse(schema: string, what: Sql): Sql {
  const name = literal(quoteIdentifier(schema));
  return sql`IF NOT coalesce(has_schema_privilege(to_regnamespace(${name})::oid, 'USAGE'), true) THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: USAGE on schema ', ${name}, ', ', ${what}), HINT = 'Nothing was changed.';
  END IF;`;
}

/** A statement of PL/pgSQL: the role may make tables in the schema, or the schema where there is none. */
export function mayCreate(schema: string, what: Sql): Sql {
  const name = literal(quoteIdentifier(schema));
  return sql`IF NOT (CASE WHEN to_regnamespace(${name}) IS NULL THEN has_database_privilege(current_database(), 'CREATE') ELSE has_schema_privilege(to_regnamespace(${name})::oid, 'CREATE') END) THEN
      RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: CREATE on ', CASE WHEN to_regnamespace(${name}) IS NULL THEN concat('database ', current_database()) ELSE concat('schema ', ${name}) END, ', ', ${what}), HINT = 'Nothing was changed.';
    END IF;`;
}
