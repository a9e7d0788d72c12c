{{header}}
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
{{settings}}
SELECT set_config('rowpatch.in_place', :'in_place', true), set_config('rowpatch.dry_run', :'dry_run', true),
       set_config('rowpatch.quiet', :'quiet', true), set_config('rowpatch.ledger', :'ledger', true),
       set_config('rowpatch.last', '', true), set_config('rowpatch.last_told', '', true), set_config('rowpatch.backups', '[]', true), set_config('rowpatch.backup_schema', '', true),
       set_config('rowpatch.drifted', '0', true), set_config('rowpatch.rows', '[]', true), set_config('rowpatch.triggers', '[]', true),
       -- What this session had done before: the effects check subtracts it.
       set_config('rowpatch.before', coalesce((SELECT jsonb_object_agg(relid::text, jsonb_build_array(n_tup_ins, n_tup_upd, n_tup_del))
         FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0), '{}')::text, true) AS noted \gset rowpatch_

-- Guards: the right server and database, and the role may do what follows
{{guards}}

{{start}}
-- Nobody changes the definition of these tables from here on
{{locks}}
-- Shape guard: the tables are as they were reviewed
{{shape}}

{{prepare}}{{backup}}\set SHOW_CONTEXT errors
{{statements}}
SET CONSTRAINTS ALL IMMEDIATE;
\set SHOW_CONTEXT never
{{restore}}
{{checking}}
-- State check: every change is in place
{{state}}
{{drift}}

-- Effects check: this transaction did what was reviewed, and nothing else
{{effects}}

{{settle}}SELECT current_setting('rowpatch.outcome') AS outcome \gset rowpatch_
\if :dry_run
  ROLLBACK;
  SELECT 'dry run, all rolled back: ' || :'rowpatch_outcome';
\else
{{sequences}}  COMMIT;
  SELECT {{name}} || ': ' || :'rowpatch_outcome';
\endif
