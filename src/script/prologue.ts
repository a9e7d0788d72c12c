/**
 * Settings and guards at the start of every script's transaction.
 */

import { quoteIdentifier } from "../names.ts";
import { SESSION_SETTINGS } from "../sources/session.ts";
import { type Needs, relationPrivileges } from "./needs.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";

/** Settings that the user chooses, as PostgreSQL takes them. */
export interface SessionOptions {
  readonly lockTimeout: string;
  readonly statementTimeout: string;
  /** What pg_stat_activity shows. */
  readonly applicationName: string;
}

/**
 * Pins the session settings that exist on the server. pg_catalog stands first and pg_temp last on the path, so that the
 * script's own functions, operators and types cannot be shadowed; all tables are qualified.
 */
export function pinnedSettings({
  lockTimeout,
  statementTimeout,
  applicationName,
}: SessionOptions): Sql {
  const values = new Map<string, string>(SESSION_SETTINGS.map(({ name, value }) => [name, value]));
  values.set("search_path", "pg_catalog, pg_temp");
  values.set("lock_timeout", lockTimeout);
  values.set("statement_timeout", statementTimeout);
  values.set("application_name", applicationName);
  const rows = [...values].map(([name, value]) => sql`(${literal(name)}, ${literal(value)})`);
  return sql`SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, true)) AS pinned
FROM (VALUES ${join(rows, ", ")}) AS s (name, value)
WHERE EXISTS (SELECT FROM pg_catalog.pg_settings p WHERE p.name OPERATOR(pg_catalog.=) s.name) \\gset rowpatch_`;
}

/** The server and role must allow what follows; a named database must be the one. `writes` is false for verify and preflight. */
export function environmentGuard(expectDatabase: string | undefined, writes: boolean): Sql {
  const database =
    expectDatabase === undefined
      ? sql``
      : sql`
  IF current_database() <> ${literal(expectDatabase)} THEN RAISE EXCEPTION USING MESSAGE = concat('this is database ', current_database(), ', not ', ${literal(expectDatabase)}); END IF;`;
  const writing = writes
    ? sql`
  IF pg_is_in_recovery() THEN RAISE EXCEPTION 'this server is a standby'; END IF;
  IF NOT current_setting('track_counts')::boolean THEN RAISE EXCEPTION 'track_counts is off: what this script does could not be checked'; END IF;
  IF lower(current_setting('rowpatch.dry_run')) NOT IN ('1', 'on', 'true', 't', 'yes', 'y', '0', 'off', 'false', 'f', 'no', 'n') THEN RAISE EXCEPTION USING MESSAGE = concat('-v dry_run must be 1 or 0, not "', current_setting('rowpatch.dry_run'), '"'); END IF;
  IF current_setting('rowpatch.in_place') NOT IN ('accept', 'refuse') THEN RAISE EXCEPTION USING MESSAGE = concat('-v in_place must be accept or refuse, not "', current_setting('rowpatch.in_place'), '"'); END IF;
  IF lower(current_setting('rowpatch.quiet')) NOT IN ('1', 'on', 'true', 't', 'yes', 'y', '0', 'off', 'false', 'f', 'no', 'n') THEN RAISE EXCEPTION USING MESSAGE = concat('-v quiet must be 1 or 0, not "', current_setting('rowpatch.quiet'), '"'); END IF;
  IF current_setting('rowpatch.ledger') NOT IN ('accept', 'ask') THEN RAISE EXCEPTION USING MESSAGE = concat('-v ledger must be accept, not "', current_setting('rowpatch.ledger'), '"'); END IF;
  IF current_setting('session_replication_role') <> 'origin' THEN RAISE EXCEPTION 'session_replication_role is not origin: foreign keys would not be checked'; END IF;`
    : sql``;
  return doBlock(
    "guard",
    sql`BEGIN${database}${writing}
  PERFORM 1;
END`,
  );
}

/** The role must have every privilege that the statements need, before the first of them runs. */
export function privilegeGuard(needs: Needs): Sql {
  const rows = relationPrivileges(needs).map(
    ({ relation, privilege }) => sql`(${literal(relation)}, ${literal(privilege)})`,
  );
  if (rows.length === 0) return sql``;
  const temporaryTables = needs.temporary
    ? sql`
  IF NOT has_database_privilege(current_database(), 'TEMP') THEN RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: TEMPORARY on database ', current_database()), HINT = 'Nothing was changed. Make the script again with --no-temp-tables.'; END IF;`
    : sql``;
  const schemas = needs.schemas.map((schema) => sql`(${literal(quoteIdentifier(schema))})`);
  return doBlock(
    "privileges",
    sql`DECLARE
  missing text;
BEGIN${temporaryTables}
  -- Nothing can be said of tables in a schema that the role may not look into.
  SELECT string_agg(concat('USAGE on schema ', nsp), ', ' ORDER BY nsp) INTO missing
  FROM (VALUES ${join(schemas, ", ")}) AS needed (nsp) WHERE NOT coalesce(has_schema_privilege(to_regnamespace(nsp)::oid, 'USAGE'), true);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: ', missing), HINT = 'Nothing was changed.';
  END IF;
  SELECT string_agg(concat(CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' on ', tbl), ', ' ORDER BY tbl, privilege) INTO missing
  FROM (VALUES ${join(rows, ", ")}) AS needed (tbl, privilege)
  WHERE ${isMissing(sql`current_user`, sql`to_regclass(tbl)::oid`)};
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: ', missing), HINT = concat('Nothing was changed. preflight.sql names the GRANT statements that help: run it with -v role=', current_user, ' as a role that may read these tables.');
  END IF;
END`,
  );
}

/** `role` lacks `privilege` on the relation, if there is one. Some columns will do where they are those that the statements name. */
export function isMissing(role: Sql, relation: Sql): Sql {
  return sql`${relation} IS NOT NULL AND NOT has_table_privilege(${role}, ${relation}, privilege)
    AND NOT (privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(${role}, ${relation}, CASE WHEN privilege IN ('INSERT', 'UPDATE') THEN privilege ELSE 'SELECT' END))`;
}
