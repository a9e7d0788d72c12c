-- Brings 7 inserts, 1 update, 4 deletes in 4 tables from local to production.
--
-- ticket       CHG-1
-- production   ...
-- local        ...
-- made by      rowpatch 0.0.0, 1970-01-01T00:00:00.000Z
--
--   table                insert   update   delete withheld
--   public.a_address          2        1        1        -
--   public.b_both             2        -        1        -
--   public.m_city             2        -        1        -
--   public.z_country          1        -        1        -
--
-- needs        public.a_address (SELECT, INSERT, UPDATE, DELETE), public.b_both (SELECT, INSERT, DELETE),
--              public.m_city (SELECT, INSERT, DELETE), public.z_country (SELECT, INSERT, DELETE)
-- locks        changed rows: readers go on, writers of the same rows wait until COMMIT, waits at most 5s for a lock
-- writes       12 rows, about 1.9 kB of WAL, 166 kB if every row falls on a page of its own right after a checkpoint
--              (values, 100 bytes a row, 80 for each entry of a unique index; other indexes and TOAST are not counted)
-- takes        as long as in the rehearsal: rowpatch rehearse writes it to rehearsal.json and the report
--
-- warning      production is live: 5 rows would be overwritten or deleted, those that it has changed itself since local was copied from
--              it among them; if anyone wrote there, compare with the dump that local was restored from
--
-- check first  psql -X -v ON_ERROR_STOP=1 -f preflight.sql "$URL"
-- try          psql -X -v ON_ERROR_STOP=1 -v dry_run=1 -f deploy.sql "$URL"
-- run          psql -X -v ON_ERROR_STOP=1 -f deploy.sql "$URL"
-- verify       psql -X -v ON_ERROR_STOP=1 -f verify.sql "$URL"
-- undo         psql -X -v ON_ERROR_STOP=1 -f revert.sql "$URL"
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
\set SINGLELINE off
\set QUIET on
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\if :{?dry_run}
\else
  \set dry_run off
\endif
\if :{?in_place}
\else
  \set in_place refuse
\endif
\if :{?quiet}
\else
  \set quiet off
\endif
\if :{?ledger}
\else
  \set ledger ask
\endif
\set rowpatch_elapsed 'to_char(extract(epoch FROM clock_timestamp() - now()), ''FM9999990.0 "s  "'')'
\set rowpatch_told 'NOT current_setting(''rowpatch.quiet'')::boolean'
\set rowpatch_wrote 'NOT current_setting(''rowpatch.quiet'')::boolean AND pg_current_xact_id_if_assigned() IS NOT NULL'
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
DO $$ BEGIN IF pg_catalog.now() OPERATOR(pg_catalog.<>) pg_catalog.statement_timestamp() THEN RAISE EXCEPTION 'run this script outside a transaction, without psql -1'; END IF; END $$;

BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT pg_catalog.count(pg_catalog.set_config(s.name, s.value, true)) AS pinned
FROM (VALUES ('search_path', 'pg_catalog, pg_temp'), ('TimeZone', 'UTC'), ('DateStyle', 'ISO, YMD'), ('IntervalStyle', 'postgres'), ('extra_float_digits', '1'), ('bytea_output', 'hex'), ('xmloption', 'content'), ('xmlbinary', 'base64'), ('lc_monetary', 'C'), ('array_nulls', 'on'), ('transform_null_equals', 'off'), ('standard_conforming_strings', 'on'), ('quote_all_identifiers', 'off'), ('row_security', 'off'), ('statement_timeout', '0'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('jit', 'off'), ('synchronize_seqscans', 'off'), ('client_min_messages', 'warning'), ('application_name', 'rowpatch CHG-1')) AS s (name, value)
WHERE EXISTS (SELECT FROM pg_catalog.pg_settings p WHERE p.name OPERATOR(pg_catalog.=) s.name) \gset rowpatch_
SELECT set_config('rowpatch.in_place', :'in_place', true), set_config('rowpatch.dry_run', :'dry_run', true),
       set_config('rowpatch.quiet', :'quiet', true), set_config('rowpatch.ledger', :'ledger', true),
       set_config('rowpatch.last', '', true), set_config('rowpatch.last_told', '', true), set_config('rowpatch.backups', '[]', true), set_config('rowpatch.backup_schema', '', true),
       set_config('rowpatch.drifted', '0', true), set_config('rowpatch.rows', '[]', true), set_config('rowpatch.triggers', '[]', true),
       -- What this session had done before: the effects check subtracts it.
       set_config('rowpatch.before', coalesce((SELECT jsonb_object_agg(relid::text, jsonb_build_array(n_tup_ins, n_tup_upd, n_tup_del))
         FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0), '{}')::text, true) AS noted \gset rowpatch_

-- Guards: the right server and database, and the role may do what follows
DO $guard$
BEGIN
  IF pg_is_in_recovery() THEN RAISE EXCEPTION 'this server is a standby'; END IF;
  IF NOT current_setting('track_counts')::boolean THEN RAISE EXCEPTION 'track_counts is off: what this script does could not be checked'; END IF;
  IF lower(current_setting('rowpatch.dry_run')) NOT IN ('1', 'on', 'true', 't', 'yes', 'y', '0', 'off', 'false', 'f', 'no', 'n') THEN RAISE EXCEPTION USING MESSAGE = concat('-v dry_run must be 1 or 0, not "', current_setting('rowpatch.dry_run'), '"'); END IF;
  IF current_setting('rowpatch.in_place') NOT IN ('accept', 'refuse') THEN RAISE EXCEPTION USING MESSAGE = concat('-v in_place must be accept or refuse, not "', current_setting('rowpatch.in_place'), '"'); END IF;
  IF lower(current_setting('rowpatch.quiet')) NOT IN ('1', 'on', 'true', 't', 'yes', 'y', '0', 'off', 'false', 'f', 'no', 'n') THEN RAISE EXCEPTION USING MESSAGE = concat('-v quiet must be 1 or 0, not "', current_setting('rowpatch.quiet'), '"'); END IF;
  IF current_setting('rowpatch.ledger') NOT IN ('accept', 'ask') THEN RAISE EXCEPTION USING MESSAGE = concat('-v ledger must be accept, not "', current_setting('rowpatch.ledger'), '"'); END IF;
  IF current_setting('session_replication_role') <> 'origin' THEN RAISE EXCEPTION 'session_replication_role is not origin: foreign keys would not be checked'; END IF;
  PERFORM 1;
END
$guard$;
DO $single$
DECLARE
  k CONSTANT bigint := '8633054405222738364';
  holder text;
BEGIN
  IF pg_try_advisory_xact_lock(k) THEN RETURN; END IF;
  SELECT string_agg(concat_ws(', ', 'process ' || l.pid, 'user ' || a.usename, nullif(a.application_name, ''), 'from ' || host(a.client_addr), 'since ' || a.xact_start), '; ' ORDER BY l.pid) INTO holder
  FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.classid::bigint << 32) | l.objid::bigint = k;
  RAISE EXCEPTION USING MESSAGE = concat_ws(': ', 'another script of rowpatch runs in this database', holder), HINT = 'Nothing was changed. Wait until it has ended, then run this one.';
END
$single$;
DO $privileges$
DECLARE
  missing text;
BEGIN
  -- Nothing can be said of tables in a schema that the role may not look into.
  SELECT string_agg(concat('USAGE on schema ', nsp), ', ' ORDER BY nsp) INTO missing
  FROM (VALUES ('"public"')) AS needed (nsp) WHERE NOT coalesce(has_schema_privilege(to_regnamespace(nsp)::oid, 'USAGE'), true);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: ', missing), HINT = 'Nothing was changed.';
  END IF;
  SELECT string_agg(concat(CASE WHEN privilege LIKE '%,%' THEN 'UPDATE' ELSE privilege END, ' on ', tbl), ', ' ORDER BY tbl, privilege) INTO missing
  FROM (VALUES ('"public"."a_address"', 'SELECT'), ('"public"."a_address"', 'INSERT'), ('"public"."a_address"', 'UPDATE'), ('"public"."a_address"', 'DELETE'), ('"public"."b_both"', 'SELECT'), ('"public"."b_both"', 'INSERT'), ('"public"."b_both"', 'DELETE'), ('"public"."m_city"', 'SELECT'), ('"public"."m_city"', 'INSERT'), ('"public"."m_city"', 'DELETE'), ('"public"."z_country"', 'SELECT'), ('"public"."z_country"', 'INSERT'), ('"public"."z_country"', 'DELETE')) AS needed (tbl, privilege)
  WHERE to_regclass(tbl)::oid IS NOT NULL AND NOT has_table_privilege(current_user, to_regclass(tbl)::oid, privilege)
    AND NOT (privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(current_user, to_regclass(tbl)::oid, CASE WHEN privilege IN ('INSERT', 'UPDATE') THEN privilege ELSE 'SELECT' END));
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('the role ', current_user, ' lacks: ', missing), HINT = concat('Nothing was changed. preflight.sql names the GRANT statements that help: run it with -v role=', current_user, ' as a role that may read these tables.');
  END IF;
END
$privileges$;

SELECT :rowpatch_elapsed || 'one transaction: whatever stops it, nothing is changed, and preflight.sql tells what is in the way' WHERE :rowpatch_told;
-- Nobody changes the definition of these tables from here on
DO $locks$
DECLARE
  t record;
  holder text;
BEGIN
  FOR t IN SELECT listed.* FROM (VALUES
      ('"public"."a_address"', '', 'ROW EXCLUSIVE'),
      ('"public"."b_both"', '', 'ROW EXCLUSIVE'),
      ('"public"."m_city"', '', 'ROW EXCLUSIVE'),
      ('"public"."z_country"', '', 'ROW EXCLUSIVE')) AS listed (tbl, only_this, mode)
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
END
$locks$;
-- Shape guard: the tables are as they were reviewed
DO $shape$
DECLARE
  moved text;
  absent boolean;
BEGIN
  WITH named (tbl) AS (VALUES ('"public"."a_address"'), ('"public"."b_both"'), ('"public"."m_city"'), ('"public"."z_country"')),
  touched AS (SELECT tbl, to_regclass(tbl)::oid AS oid FROM named),
  reviewed (tbl, fact) AS (VALUES
      ('"public"."a_address"', 'kind table'),
      ('"public"."a_address"', 'column "id" integer not null'),
      ('"public"."a_address"', 'column "city" integer not null'),
      ('"public"."a_address"', 'column "street" text'),
      ('"public"."a_address"', 'constraint "a_address_city_fkey" FOREIGN KEY (city) REFERENCES public.m_city(id)'),
      ('"public"."a_address"', 'constraint "a_address_pkey" PRIMARY KEY (id)'),
      ('"public"."a_address"', 'referenced by "public"."b_both" "b_both_address_fkey" FOREIGN KEY (address) REFERENCES public.a_address(id)'),
      ('"public"."b_both"', 'kind table'),
      ('"public"."b_both"', 'column "address" integer not null'),
      ('"public"."b_both"', 'column "country" character(2) not null'),
      ('"public"."b_both"', 'constraint "b_both_address_fkey" FOREIGN KEY (address) REFERENCES public.a_address(id)'),
      ('"public"."b_both"', 'constraint "b_both_country_fkey" FOREIGN KEY (country) REFERENCES public.z_country(code)'),
      ('"public"."b_both"', 'constraint "b_both_pkey" PRIMARY KEY (address, country)'),
      ('"public"."m_city"', 'kind table'),
      ('"public"."m_city"', 'column "id" integer not null'),
      ('"public"."m_city"', 'column "country" character(2) not null'),
      ('"public"."m_city"', 'column "name" text'),
      ('"public"."m_city"', 'constraint "m_city_country_fkey" FOREIGN KEY (country) REFERENCES public.z_country(code)'),
      ('"public"."m_city"', 'constraint "m_city_pkey" PRIMARY KEY (id)'),
      ('"public"."m_city"', 'referenced by "public"."a_address" "a_address_city_fkey" FOREIGN KEY (city) REFERENCES public.m_city(id)'),
      ('"public"."z_country"', 'kind table'),
      ('"public"."z_country"', 'column "code" character(2) not null'),
      ('"public"."z_country"', 'column "name" text'),
      ('"public"."z_country"', 'constraint "z_country_pkey" PRIMARY KEY (code)'),
      ('"public"."z_country"', 'referenced by "public"."b_both" "b_both_country_fkey" FOREIGN KEY (country) REFERENCES public.z_country(code)'),
      ('"public"."z_country"', 'referenced by "public"."m_city" "m_city_country_fkey" FOREIGN KEY (country) REFERENCES public.z_country(code)')),
  actual AS (
    SELECT touched.tbl, concat('kind ', CASE c.relkind WHEN 'p' THEN 'partitioned partitioned by ' || pg_get_partkeydef(c.oid) WHEN 'f' THEN 'foreign' ELSE 'table' END) AS fact
    FROM touched JOIN pg_class c ON c.oid = touched.oid
    UNION ALL
    SELECT touched.tbl, concat('column "', replace(a.attname, '"', '""'), '" ', format_type(a.atttypid, a.atttypmod),
             CASE WHEN a.attnotnull THEN ' not null' END,
             CASE WHEN a.attcollation <> t.typcollation THEN (SELECT concat(' collate "', replace(n.nspname, '"', '""'), '"."', replace(l.collname, '"', '""'), '"') FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END,
             CASE a.attgenerated WHEN 's' THEN ' generated stored (' || pg_get_expr(d.adbin, d.adrelid) || ')' WHEN 'v' THEN ' generated virtual (' || pg_get_expr(d.adbin, d.adrelid) || ')' END,
             CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity default' END)
    FROM touched JOIN pg_attribute a ON a.attrelid = touched.oid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT touched.tbl, concat('constraint "', replace(k.conname, '"', '""'), '" ', pg_get_constraintdef(k.oid))
    FROM touched JOIN pg_constraint k ON k.conrelid = touched.oid
    WHERE k.contype IN ('p', 'u', 'x') OR (k.contype = 'f' AND k.conparentid = 0)
    UNION ALL
    SELECT touched.tbl, concat('unique index "', replace(c.relname, '"', '""'), '" ', pg_get_indexdef(i.indexrelid))
    FROM touched JOIN pg_index i ON i.indrelid = touched.oid JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indisunique AND i.indisvalid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT touched.tbl, concat('trigger "', replace(g.tgname, '"', '""'), '" ', g.tgenabled, ' ', pg_get_triggerdef(g.oid))
    FROM touched JOIN pg_trigger g ON g.tgrelid = touched.oid
    WHERE NOT g.tgisinternal AND g.tgparentid = 0
    UNION ALL
    -- A new partition is no surprise; a trigger of its own is.
    SELECT touched.tbl, concat('trigger "', replace(g.tgname, '"', '""'), '" of "', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '" ', g.tgenabled, ' ', pg_get_triggerdef(g.oid))
    FROM touched CROSS JOIN LATERAL pg_partition_tree(touched.oid) AS p JOIN pg_trigger g ON g.tgrelid = p.relid JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_trigger root ON root.oid = g.tgparentid
    -- Copies of the root's triggers matter where someone switched them otherwise; they count as internal before version 15.
    WHERE p.relid <> touched.oid AND CASE WHEN g.tgparentid = 0 THEN NOT g.tgisinternal
      ELSE g.tgenabled <> root.tgenabled AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = g.tgconstraint AND k.contype <> 't') END
    UNION ALL
    SELECT touched.tbl, concat('rule "', replace(r.rulename, '"', '""'), '" ', r.ev_enabled, ' ', pg_get_ruledef(r.oid))
    FROM touched JOIN pg_rewrite r ON r.ev_class = touched.oid
    UNION ALL
    SELECT touched.tbl, concat('foreign key "', replace(k.conname, '"', '""'), '" is switched off')
    FROM touched JOIN pg_trigger g ON g.tgrelid = touched.oid JOIN pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.tgisinternal AND g.tgenabled = 'D' AND k.contype = 'f'
    UNION ALL
    SELECT touched.tbl, concat('row security', CASE WHEN c.relforcerowsecurity THEN ' forced' END)
    FROM touched JOIN pg_class c ON c.oid = touched.oid WHERE c.relrowsecurity
    UNION ALL
    SELECT touched.tbl, 'other tables inherit from it'
    FROM touched WHERE EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = touched.oid AND NOT c.relispartition)
    UNION ALL
    SELECT touched.tbl, concat('referenced by "', replace(n.nspname, '"', '""'), '"."', replace(c.relname, '"', '""'), '" "', replace(k.conname, '"', '""'), '" ', pg_get_constraintdef(k.oid))
    FROM touched JOIN pg_constraint k ON k.confrelid = touched.oid JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0),
  difference AS (
    SELECT tbl, 'there is no such table' AS note, true AS missing FROM touched WHERE oid IS NULL
    UNION ALL
    SELECT r.tbl, concat('no longer: ', r.fact), false FROM reviewed r JOIN touched t USING (tbl)
    WHERE t.oid IS NOT NULL AND NOT EXISTS (SELECT FROM actual a WHERE a.tbl = r.tbl AND a.fact = r.fact)
    UNION ALL
    SELECT a.tbl, concat('new: ', a.fact), false FROM actual a WHERE NOT EXISTS (SELECT FROM reviewed r WHERE r.tbl = a.tbl AND r.fact = a.fact)),
  numbered AS (SELECT *, row_number() OVER (ORDER BY missing DESC, tbl, note) AS n FROM difference)
  SELECT concat_ws(E'\n  ', string_agg(concat(tbl, ': ', note), E'\n  ' ORDER BY n) FILTER (WHERE n <= 20), 'and ' || nullif(greatest(count(*) - 20, 0), 0) || ' more'), bool_or(missing)
  INTO moved, absent FROM numbered;
  IF moved <> '' THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'tables are not as reviewed:\n  ', moved),
      HINT = concat('Nothing was changed. ', CASE WHEN absent THEN concat('This is database ', current_database(), ': is it the right one? If so, compare') ELSE 'Compare' END, ' again with the present schema.');
  END IF;
END
$shape$;

\set SHOW_CONTEXT errors
-- Step 1 of 9: public.z_country, 1 insert
SELECT :rowpatch_elapsed || 'step 1 of 9: public.z_country, 1 insert' WHERE :rowpatch_told;
INSERT INTO "public"."z_country" ("code", "name") VALUES ('at', 'Austria') ON CONFLICT ("code") DO NOTHING;

-- Step 2 of 9: public.m_city, 2 inserts
SELECT :rowpatch_elapsed || 'step 2 of 9: public.m_city, 2 inserts' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- What these rows refer to must be there (m_city_country_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH others (row) AS MATERIALIZED (
      SELECT concat('public.m_city ', concat('id=', want.k1), ' would refer to ', 'public.z_country code=', want.a1, ', which does not exist (m_city_country_fkey)')
      FROM (VALUES ('3'::integer, 'at'::bpchar),
      ('4', 'de')) AS want (k1, a1)
      WHERE NOT EXISTS (SELECT FROM "public"."z_country" AS p WHERE p."code" = want.a1) AND NOT EXISTS (SELECT FROM "public"."m_city" AS t WHERE t."id" = want.k1))
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
INSERT INTO "public"."m_city" ("id", "country", "name") VALUES ('3', 'at', 'Wien') ON CONFLICT ("id") DO NOTHING;
INSERT INTO "public"."m_city" ("id", "country", "name") VALUES ('4', 'de', 'Bonn') ON CONFLICT ("id") DO NOTHING;

-- Step 3 of 9: public.a_address, 2 inserts
SELECT :rowpatch_elapsed || 'step 3 of 9: public.a_address, 2 inserts' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- What these rows refer to must be there (a_address_city_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH others (row) AS MATERIALIZED (
      SELECT concat('public.a_address ', concat('id=', want.k1), ' would refer to ', 'public.m_city id=', want.a1, ', which does not exist (a_address_city_fkey)')
      FROM (VALUES ('3'::integer, '3'::integer),
      ('4', '4')) AS want (k1, a1)
      WHERE NOT EXISTS (SELECT FROM "public"."m_city" AS p WHERE p."id" = want.a1) AND NOT EXISTS (SELECT FROM "public"."a_address" AS t WHERE t."id" = want.k1))
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
INSERT INTO "public"."a_address" ("id", "city", "street") VALUES ('3', '3', 'Ring') ON CONFLICT ("id") DO NOTHING;
INSERT INTO "public"."a_address" ("id", "city", "street") VALUES ('4', '4', 'Platz') ON CONFLICT ("id") DO NOTHING;

-- Step 4 of 9: public.b_both, 2 inserts
SELECT :rowpatch_elapsed || 'step 4 of 9: public.b_both, 2 inserts' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- What these rows refer to must be there (b_both_address_fkey, b_both_country_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH given AS (SELECT want.* FROM (VALUES ('1'::integer, 'de'::bpchar, '1'::integer, 'de'::bpchar),
      ('3', 'at', '3', 'at')) AS want (k1, k2, a1, a2)),
    others (row) AS MATERIALIZED (
      SELECT concat('public.b_both ', concat('address=', want.k1, ', country=', want.k2), ' would refer to ', 'public.a_address id=', want.a1, ', which does not exist (b_both_address_fkey)')
      FROM given AS want
      WHERE NOT EXISTS (SELECT FROM "public"."a_address" AS p WHERE p."id" = want.a1) AND NOT EXISTS (SELECT FROM "public"."b_both" AS t WHERE t."address" = want.k1 AND t."country" = want.k2)
      UNION ALL
      SELECT concat('public.b_both ', concat('address=', want.k1, ', country=', want.k2), ' would refer to ', 'public.z_country code=', want.a2, ', which does not exist (b_both_country_fkey)')
      FROM given AS want
      WHERE NOT EXISTS (SELECT FROM "public"."z_country" AS p WHERE p."code" = want.a2) AND NOT EXISTS (SELECT FROM "public"."b_both" AS t WHERE t."address" = want.k1 AND t."country" = want.k2))
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
INSERT INTO "public"."b_both" ("address", "country") VALUES ('1', 'de') ON CONFLICT ("address", "country") DO NOTHING;
INSERT INTO "public"."b_both" ("address", "country") VALUES ('3', 'at') ON CONFLICT ("address", "country") DO NOTHING;

-- Step 5 of 9: public.a_address, 1 update
SELECT :rowpatch_elapsed || 'step 5 of 9: public.a_address, 1 update' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- What these rows refer to must be there (a_address_city_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH others (row) AS MATERIALIZED (
      SELECT concat('public.a_address ', concat('id=', want.k1), ' would refer to ', 'public.m_city id=', want.a1, ', which does not exist (a_address_city_fkey)')
      FROM (VALUES ('1'::integer, '3'::integer)) AS want (k1, a1)
      WHERE NOT EXISTS (SELECT FROM "public"."m_city" AS p WHERE p."id" = want.a1))
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
UPDATE "public"."a_address" SET "city" = '3' WHERE "id" = '1' AND "city" = '1';

-- Step 6 of 9: public.b_both, 1 delete
SELECT :rowpatch_elapsed || 'step 6 of 9: public.b_both, 1 delete' WHERE :rowpatch_wrote;
DELETE FROM "public"."b_both" WHERE "address" = '2' AND "country" = 'de';

-- Step 7 of 9: public.a_address, 1 delete
SELECT :rowpatch_elapsed || 'step 7 of 9: public.a_address, 1 delete' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- Nothing else may refer to these rows (b_both_address_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH others (row) AS MATERIALIZED (
      SELECT concat('public.a_address ', concat('id=', want.k1), ': public.b_both address=', c."address", ', country=', c."country", ' refers to it (b_both_address_fkey)')
      FROM (VALUES ('2'::integer)) AS want (k1) JOIN "public"."b_both" AS c ON c."address" = want.k1)
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
DELETE FROM "public"."a_address" WHERE "id" = '2' AND "city" = '2' AND "street" = 'none';

-- Step 8 of 9: public.m_city, 1 delete
SELECT :rowpatch_elapsed || 'step 8 of 9: public.m_city, 1 delete' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- Nothing else may refer to these rows (a_address_city_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH others (row) AS MATERIALIZED (
      SELECT concat('public.m_city ', concat('id=', want.k1), ': public.a_address id=', c."id", ' refers to it (a_address_city_fkey)')
      FROM (VALUES ('2'::integer)) AS want (k1) JOIN "public"."a_address" AS c ON c."city" = want.k1)
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
DELETE FROM "public"."m_city" WHERE "id" = '2' AND "country" = 'xx' AND "name" = 'none';

-- Step 9 of 9: public.z_country, 1 delete
SELECT :rowpatch_elapsed || 'step 9 of 9: public.z_country, 1 delete' WHERE :rowpatch_wrote;
\set SHOW_CONTEXT never
-- Nothing else may refer to these rows (b_both_country_fkey, m_city_country_fkey); PostgreSQL makes sure of it as it writes
DO $foreign_keys$
DECLARE
  others text[];
BEGIN
  others := ARRAY(
    WITH given AS (SELECT want.* FROM (VALUES ('xx'::bpchar)) AS want (k1)),
    others (row) AS MATERIALIZED (
      SELECT concat('public.z_country ', concat('code=', want.k1), ': public.b_both address=', c."address", ', country=', c."country", ' refers to it (b_both_country_fkey)')
      FROM given AS want JOIN "public"."b_both" AS c ON c."country" = want.k1
      UNION ALL
      SELECT concat('public.z_country ', concat('code=', want.k1), ': public.m_city id=', c."id", ' refers to it (m_city_country_fkey)')
      FROM given AS want JOIN "public"."m_city" AS c ON c."country" = want.k1)
    SELECT row FROM others LIMIT 1000);
  IF others <> '{}' THEN
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed, ', cardinality(others), CASE cardinality(others) WHEN 1 THEN ' row' WHEN 1000 THEN ' rows or more' ELSE ' rows' END, E':\n  ',
        array_to_string(others[:50], E'\n  '), E'\n  and ' || nullif(greatest(cardinality(others) - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. Others have added, changed or removed rows since the comparison: these, or rows that should have changed before them; preflight.sql shows every row.';
  END IF;
EXCEPTION WHEN syntax_error_or_access_rule_violation THEN NULL; -- cannot be asked here: left to PostgreSQL
END
$foreign_keys$;
\set SHOW_CONTEXT errors
DELETE FROM "public"."z_country" WHERE "code" = 'xx' AND "name" = 'nowhere';

SET CONSTRAINTS ALL IMMEDIATE;
\set SHOW_CONTEXT never

SELECT :rowpatch_elapsed || 'checking that every change is in place, and nothing else was done' WHERE :rowpatch_told;
-- State check: every change is in place
-- public.a_address
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.a_address ', concat('id=', want.k1)) AS row
    FROM (VALUES ('3'::integer, '3'::integer, '3'::integer, 'Ring'::text),
      ('4', '4', '4', 'Platz')) AS want (k1, a1, a2, a3)
    WHERE NOT EXISTS (SELECT FROM "public"."a_address" AS t WHERE t."id" = want.k1 AND t."id" = want.a1 AND t."city" = want.a2 AND t."street" IS NOT DISTINCT FROM want.a3)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.a_address ', concat('id=', want.k1)) AS row
    FROM (VALUES ('1'::integer, '3'::integer)) AS want (k1, a1)
    WHERE NOT EXISTS (SELECT FROM "public"."a_address" AS t WHERE t."id" = want.k1 AND t."city" = want.a1)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.a_address ', concat('id=', want.k1)) AS row
    FROM (VALUES ('2'::integer)) AS want (k1)
    WHERE EXISTS (SELECT FROM "public"."a_address" AS t WHERE t."id" = want.k1)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
-- public.b_both
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.b_both ', concat('address=', want.k1, ', country=', want.k2)) AS row
    FROM (VALUES ('1'::integer, 'de'::bpchar, '1'::integer, 'de'::bpchar),
      ('3', 'at', '3', 'at')) AS want (k1, k2, a1, a2)
    WHERE NOT EXISTS (SELECT FROM "public"."b_both" AS t WHERE t."address" = want.k1 AND t."country" = want.k2 AND t."address" = want.a1 AND t."country" = want.a2)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.b_both ', concat('address=', want.k1, ', country=', want.k2)) AS row
    FROM (VALUES ('2'::integer, 'de'::bpchar)) AS want (k1, k2)
    WHERE EXISTS (SELECT FROM "public"."b_both" AS t WHERE t."address" = want.k1 AND t."country" = want.k2)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
-- public.m_city
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.m_city ', concat('id=', want.k1)) AS row
    FROM (VALUES ('3'::integer, '3'::integer, 'at'::bpchar, 'Wien'::text),
      ('4', '4', 'de', 'Bonn')) AS want (k1, a1, a2, a3)
    WHERE NOT EXISTS (SELECT FROM "public"."m_city" AS t WHERE t."id" = want.k1 AND t."id" = want.a1 AND t."country" = want.a2 AND t."name" IS NOT DISTINCT FROM want.a3)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.m_city ', concat('id=', want.k1)) AS row
    FROM (VALUES ('2'::integer)) AS want (k1)
    WHERE EXISTS (SELECT FROM "public"."m_city" AS t WHERE t."id" = want.k1)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
-- public.z_country
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.z_country ', concat('code=', want.k1)) AS row
    FROM (VALUES ('at'::bpchar, 'at'::bpchar, 'Austria'::text)) AS want (k1, a1, a2)
    WHERE NOT EXISTS (SELECT FROM "public"."z_country" AS t WHERE t."code" = want.k1 AND t."code" = want.a1 AND t."name" IS NOT DISTINCT FROM want.a2)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $state$
DECLARE
  n bigint;
  found jsonb;
BEGIN
  WITH differs AS MATERIALIZED (
    SELECT concat('public.z_country ', concat('code=', want.k1)) AS row
    FROM (VALUES ('xx'::bpchar)) AS want (k1)
    WHERE EXISTS (SELECT FROM "public"."z_country" AS t WHERE t."code" = want.k1)
  )
  SELECT (SELECT count(*) FROM differs), (SELECT jsonb_agg(row) FROM (SELECT row FROM differs LIMIT 50) AS named) INTO n, found;
  IF n > 0 THEN
    PERFORM set_config('rowpatch.drifted', (current_setting('rowpatch.drifted')::bigint + n)::text, true);
    IF jsonb_array_length(current_setting('rowpatch.rows')::jsonb) < 50 THEN
      PERFORM set_config('rowpatch.rows', (current_setting('rowpatch.rows')::jsonb || found)::text, true);
    END IF;
  END IF;
END
$state$;
DO $drift$
DECLARE
  named text;
BEGIN
  IF current_setting('rowpatch.drifted') <> '0' THEN
    SELECT string_agg(row, E'\n  ') INTO named FROM (SELECT row FROM jsonb_array_elements_text(current_setting('rowpatch.rows')::jsonb) WITH ORDINALITY AS listed (row, n) ORDER BY n LIMIT 50) AS first;
    RAISE EXCEPTION USING MESSAGE = concat('production is not as reviewed', ', ', current_setting('rowpatch.drifted'), CASE current_setting('rowpatch.drifted') WHEN '1' THEN ' row' ELSE ' rows' END, E':\n  ', named,
        E'\n  and ' || nullif(greatest(current_setting('rowpatch.drifted')::bigint - 50, 0), 0) || ' more'),
      HINT = 'Nothing was changed. preflight.sql shows every row.';
  END IF;
END
$drift$;

-- Effects check: this transaction did what was reviewed, and nothing else
DO $effects$
DECLARE
  other text;
  fewer text;
  redefined text;
  done bigint;
  wrote CONSTANT text := CASE WHEN current_setting('rowpatch.dry_run')::boolean THEN ' would be ' ELSE ' ' END;
BEGIN
  WITH listed (tbl, ins, upd, del) AS (VALUES
      ('"public"."z_country"', 1, 0, 1),
      ('"public"."m_city"', 2, 0, 1),
      ('"public"."a_address"', 2, 1, 1),
      ('"public"."b_both"', 2, 0, 1)),
  reviewed AS (SELECT to_regclass(tbl)::oid AS relid, ins, upd, del FROM listed WHERE tbl IS NOT NULL),
  counted AS (
    SELECT coalesce(pg_partition_root(s.relid)::oid, s.relid) AS relid,
           sum(s.n_tup_ins - coalesce((b.counts ->> 0)::bigint, 0)) AS ins,
           sum(s.n_tup_upd - coalesce((b.counts ->> 1)::bigint, 0)) AS upd,
           sum(s.n_tup_del - coalesce((b.counts ->> 2)::bigint, 0)) AS del
    FROM pg_stat_xact_user_tables s
    JOIN pg_class c ON c.oid = s.relid AND c.relpersistence <> 't'
    LEFT JOIN jsonb_each(current_setting('rowpatch.before')::jsonb) AS b (relid, counts) ON b.relid = s.relid::text
    GROUP BY 1),
  compared AS (
    SELECT relid::regclass::text AS tbl, (SELECT c.relkind = 'p' FROM pg_class c WHERE c.oid = relid) AS partitioned,
           coalesce(a.ins, 0) AS ins, coalesce(a.upd, 0) AS upd, coalesce(a.del, 0) AS del,
           coalesce(r.ins, 0) AS rins, coalesce(r.upd, 0) AS rupd, coalesce(r.del, 0) AS rdel
    FROM reviewed r FULL JOIN counted a USING (relid)),
  judged AS (
    SELECT format('%s: %s inserts, %s updates, %s deletes, reviewed %s, %s, %s', tbl, ins, upd, del, rins, rupd, rdel) AS line,
           ins + upd + del AS rows,
           -- A move between partitions turns one update into an insert and a delete; elsewhere the counts are exact.
           CASE WHEN partitioned THEN ins + upd = rins + rupd AND ins - del = rins - rdel ELSE (ins, upd, del) = (rins, rupd, rdel) END AS same,
           upd <= rupd AND greatest(ins - rins, del - rdel, 0) <= CASE WHEN partitioned THEN rupd - upd ELSE 0 END AS within
    FROM compared)
  SELECT string_agg(line, E'\n  ' ORDER BY line) FILTER (WHERE NOT within),
         string_agg(line, E'\n  ' ORDER BY line) FILTER (WHERE within AND NOT same),
         coalesce(sum(rows), 0)
  INTO other, fewer, done FROM judged;
  -- Emptying or rewriting a table does not count as rows; it leaves its entry in pg_class as written by this transaction.
  SELECT string_agg(c.oid::regclass::text, ', ') INTO redefined FROM pg_class c
  WHERE c.xmin = pg_current_xact_id()::xid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.relnamespace <> 'pg_toast'::regnamespace;
  IF redefined IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat('this transaction has truncated or redefined tables: ', redefined), HINT = 'Nothing was changed. A trigger or rule did that; it was not reviewed.';
  END IF;
  IF other IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'the effects are not those reviewed:\n  ', concat_ws(E'\n  ', other, fewer)),
      HINT = 'Nothing was changed. A cascade, trigger or rule wrote more than was reviewed; preflight.sql shows new rows that refer to deleted or changed ones.';
  ELSIF done > 0 AND fewer IS NOT NULL AND current_setting('rowpatch.in_place') <> 'accept' THEN
    RAISE EXCEPTION USING MESSAGE = concat(E'a part of the changes is in place already:\n  ', fewer),
      HINT = 'Nothing was changed. preflight.sql shows which. To take them as they are, add -v in_place=accept; revert.sql would then undo them too.';
  END IF;
  PERFORM set_config('rowpatch.done', done::text, true), set_config('rowpatch.outcome', CASE WHEN done = 0 THEN concat('already in place, nothing', wrote, 'changed')
    WHEN fewer IS NOT NULL THEN concat(done, CASE done WHEN 1 THEN ' row' ELSE ' rows' END, wrote, 'changed, the others were in place') ELSE concat('12 rows', wrote, 'changed') END, true);
END
$effects$;

SELECT current_setting('rowpatch.outcome') AS outcome \gset rowpatch_
\if :dry_run
  ROLLBACK;
  SELECT 'dry run, all rolled back: ' || :'rowpatch_outcome';
\else
  COMMIT;
  SELECT 'CHG-1' || ': ' || :'rowpatch_outcome';
\endif
