{{header}}
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
\set SINGLELINE off
\set QUIET on
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
DO $$ BEGIN IF pg_catalog.now() OPERATOR(pg_catalog.<>) pg_catalog.statement_timestamp() THEN RAISE EXCEPTION 'run this script outside a transaction, without psql -1'; END IF; END $$;

BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
{{settings}}
SELECT set_config('rowpatch.drifted', '0', true), set_config('rowpatch.rows', '[]', true) \gset rowpatch_

-- Guards: the right server and database
{{guards}}

-- Shape guard: the tables are as they were reviewed
{{shape}}

{{load}}
-- Nothing is written from here on
SET TRANSACTION READ ONLY;

-- State check: every change is in place
{{state}}
{{drift}}
ROLLBACK;
SELECT {{name}} || ': verified, every change is in place';
