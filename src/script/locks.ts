/**
 * Locks that a script takes before it looks at a table: on its definition, and against other writers where that is asked or needed.
 */
import { quoteName } from "../names.ts";
import { doBlock, join, literal, type Sql, sql } from "./sql.ts";
import type { ScriptTable } from "./table.ts";

/** An advisory lock of this number, held until the transaction ends: the first 8 bytes of the SHA-256 of `rowpatch`. */
export const ADVISORY_KEY = "8633054405222738364";

/** Whether the table is locked against other writers: asked for, or no index decides conflicts of its inserts. */
export function isLocked({ arbiter, changed }: ScriptTable, all: boolean): boolean {
  return all || (!arbiter && changed.counts.insert > 0);
}

/**
 * The weakest locks that keep definitions from changing, table by table in the order of their names; against other writers where
 * `isLocked` says so. What is not there as a table is left to the shape guard; a role that may write only some columns may not lock,
 * and goes on without.
 */
export function tableLocks(tables: readonly ScriptTable[], all: boolean): Sql {
  const rows = tables.map((table) => {
    const mode = isLocked(table, all) ? "SHARE ROW EXCLUSIVE" : "ROW EXCLUSIVE";
    return sql`(${literal(quoteName(table.name))}, ${literal(table.only ? "ONLY " : "")}, ${literal(mode)})`;
  });
  return doBlock(
    "locks",
    sql`DECLARE
  t record;
  holder text;
BEGIN
  FOR t IN SELECT listed.* FROM (VALUES
      ${join(rows, ",\n      ")}) AS listed (tbl, only_this, mode)
    JOIN pg_class c ON c.oid = to_regclass(listed.tbl) WHERE c.relkind IN ('r', 'p')
    ORDER BY listed.tbl COLLATE "C"
  LOOP
    BEGIN
      EXECUTE concat('LOCK TABLE ', t.only_this, t.tbl, ' IN ', t.mode, ' MODE');
    EXCEPTION WHEN insufficient_privilege THEN
      IF t.mode <> 'ROW EXCLUSIVE' THEN RAISE; END IF;
    WHEN lock_not_available THEN
      SELECT string_agg(DISTINCT concat_ws(', ', 'process ' || l.pid, 'user ' || a.usename, nullif(a.application_name, ''), 'since ' || a.xact_start), '; ') INTO holder
      FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (l.relation = to_regclass(t.tbl)::oid OR l.relation IN (SELECT relid FROM pg_partition_tree(to_regclass(t.tbl))))
        AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND (t.mode <> 'ROW EXCLUSIVE' OR l.mode NOT IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock'));
      RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = concat_ws(': ', concat('another session holds a lock on ', t.tbl, ' for longer than ', current_setting('lock_timeout')), holder),
        HINT = 'Nothing was changed. Wait until it has ended, then run again.';
    END;
  END LOOP;
END`,
  );
}

/** Refuses while another script of rowpatch runs in this database, and says who runs it as far as the role may see that. */
export function singleRun(): Sql {
  return doBlock(
    "single",
    sql`DECLARE
  k CONSTANT bigint := ${literal(ADVISORY_KEY)};
  holder text;
BEGIN
  IF pg_try_advisory_xact_lock(k) THEN RETURN; END IF;
  SELECT string_agg(concat_ws(', ', 'process ' || l.pid, 'user ' || a.usename, nullif(a.application_name, ''), 'from ' || host(a.client_addr), 'since ' || a.xact_start), '; ' ORDER BY l.pid) INTO holder
  FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32) | l.objid::bigint = k;
  RAISE EXCEPTION USING MESSAGE = concat_ws(': ', 'another script of rowpatch runs in this database', holder), HINT = 'Nothing was changed. Wait until it has ended, then run this one.';
END`,
  );
}
