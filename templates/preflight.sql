{{header}}
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
\set SINGLELINE off
\set QUIET on
\set SHOW_CONTEXT never
\if :{?role}
\else
  \set role ''
\endif
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
DO $$ BEGIN IF pg_catalog.now() OPERATOR(pg_catalog.<>) pg_catalog.statement_timestamp() THEN RAISE EXCEPTION 'run this script outside a transaction, without psql -1'; END IF; END $$;

BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
{{settings}}
SELECT set_config('rowpatch.pending', '0', true), set_config('rowpatch.in_place', '0', true), set_config('rowpatch.drifted', '0', true),
       set_config('rowpatch.obstacles', '0', true), set_config('rowpatch.rows', '[]', true),
       set_config('rowpatch.role', :'role', true), set_config('rowpatch.lacking', '[]', true) AS noted \gset rowpatch_

-- Guards: the right server and database
{{guards}}

-- Shape guard: the tables are as they were reviewed
{{shape}}

{{load}}
-- Nothing is written from here on
SET TRANSACTION READ ONLY;

-- Every change: pending, in place, or drifted
{{state}}
-- What other rows stand in the way: unique values taken, parents missing, children that are new
{{relations}}
-- What the role that deploys may not do; -v role=NAME asks for another role than this one
{{privileges}}

\pset format aligned
\pset border 1
\pset footer off
SELECT current_setting('rowpatch.rows') <> '[]' AS listed, current_setting('rowpatch.lacking') <> '[]' AS lacking \gset rowpatch_
\pset tuples_only off
\if :rowpatch_listed
  SELECT item.row ->> 'table' AS "table", item.row ->> 'key' AS key, item.row ->> 'change' AS change, item.row ->> 'state' AS state, item.row ->> 'detail' AS detail
  FROM jsonb_array_elements(current_setting('rowpatch.rows')::jsonb) WITH ORDINALITY AS item (row, n) ORDER BY item.row ->> 'table' COLLATE "C", item.n;
\endif
\if :rowpatch_lacking
  SELECT item.row ->> 'what' AS "lacking privilege", item.row ->> 'help' AS "granted by"
  FROM jsonb_array_elements(current_setting('rowpatch.lacking')::jsonb) WITH ORDINALITY AS item (row, n) ORDER BY item.n;
\endif
SELECT current_setting('rowpatch.pending') AS pending, current_setting('rowpatch.in_place') AS "in place", current_setting('rowpatch.drifted') AS drifted, current_setting('rowpatch.obstacles') AS obstacles;
DO $verdict$
BEGIN
  IF current_setting('rowpatch.drifted') <> '0' OR current_setting('rowpatch.obstacles') <> '0' THEN
    RAISE EXCEPTION USING MESSAGE = concat(concat_ws(', ', CASE current_setting('rowpatch.drifted') WHEN '0' THEN NULL WHEN '1' THEN '1 change has drifted' ELSE current_setting('rowpatch.drifted') || ' changes have drifted' END,
        CASE current_setting('rowpatch.obstacles') WHEN '0' THEN NULL WHEN '1' THEN '1 obstacle by other rows' ELSE current_setting('rowpatch.obstacles') || ' obstacles by other rows' END), ': the deploy script would refuse'),
      HINT = 'Nothing was changed. Production has moved on: repeat the edits in a fresh copy of it, and compare that. The old copy would undo what others have written.';
  ELSIF current_setting('rowpatch.in_place') <> '0' AND current_setting('rowpatch.pending') <> '0' THEN
    RAISE EXCEPTION USING MESSAGE = concat(CASE current_setting('rowpatch.in_place') WHEN '1' THEN '1 change is' ELSE current_setting('rowpatch.in_place') || ' changes are' END, ' in place already: the deploy script would refuse'), HINT = 'Nothing was changed. The deploy script takes them with -v in_place=accept.';
  END IF;
END $verdict$;
\pset tuples_only on
\pset format unaligned
SELECT {{name}} || ': ' || CASE current_setting('rowpatch.pending') WHEN '0' THEN 'already in place' ELSE 'ready to deploy' || CASE WHEN current_setting('rowpatch.lacking') = '[]' THEN ''
  ELSE concat(', but not by role ', current_setting('rowpatch.role'), ', which lacks privileges') END END;
ROLLBACK;
