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
       set_config('rowpatch.obstacles', '0', true), set_config('rowpatch.unplaced', '0', true), set_config('rowpatch.rows', '[]', true),
       set_config('rowpatch.refusals', '[]', true),
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
-- What stands in the way beside the changed rows: unique values taken, parents missing, children that are new, no partition
{{relations}}
-- What the role that deploys may not do, or could not take back; -v role=NAME asks for another role than this one
{{privileges}}
-- What else would stop it: the ledger, a backup that is there already
{{refusals}}

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
  SELECT item.row ->> 'what' AS "lacking privilege", item.row ->> 'scripts' AS "needed for", item.row ->> 'help' AS "what helps"
  FROM jsonb_array_elements(current_setting('rowpatch.lacking')::jsonb) WITH ORDINALITY AS item (row, n) ORDER BY item.n;
\endif
SELECT current_setting('rowpatch.pending') AS pending, current_setting('rowpatch.in_place') AS "in place", current_setting('rowpatch.drifted') AS drifted, (current_setting('rowpatch.obstacles')::bigint + current_setting('rowpatch.unplaced')::bigint)::text AS obstacles;
DO $verdict$
DECLARE
  drifted CONSTANT bigint := current_setting('rowpatch.drifted');
  others CONSTANT bigint := current_setting('rowpatch.obstacles');
  -- Of no account where production has moved on.
  mixed CONSTANT bigint := CASE WHEN drifted + others = 0 AND current_setting('rowpatch.pending') <> '0' THEN current_setting('rowpatch.in_place') ELSE '0' END;
  moved CONSTANT text := 'Production has moved on: repeat the edits in a fresh copy of it, and compare that. The old copy would undo what others have written.';
  said text;
  help text;
BEGIN
  WITH parts (n, said, help) AS (
    SELECT n, concat(amount, CASE amount WHEN 1 THEN one ELSE many END), counted.help
    FROM (VALUES (1, drifted, ' change has drifted', ' changes have drifted', moved), (2, others, ' obstacle by other rows', ' obstacles by other rows', moved),
      (3, current_setting('rowpatch.unplaced')::bigint, ' row has no partition', ' rows have no partition', 'Make the partitions that are missing.'),
      (4, mixed, ' change is in place already', ' changes are in place already', 'The deploy script takes them with -v in_place=accept.')) AS counted (n, amount, one, many, help)
    WHERE amount > 0
    UNION ALL
    SELECT 5, concat('the role ', current_setting('rowpatch.role'), ' lacks privileges'), 'The list says what helps; -v role=NAME asks for another role.'
    WHERE current_setting('rowpatch.lacking') LIKE '%"scripts": "deploy%' AND (drifted > 0 OR current_setting('rowpatch.pending') <> '0')
    UNION ALL
    SELECT 5 + n, refused.item ->> 'what', refused.item ->> 'help' FROM jsonb_array_elements(current_setting('rowpatch.refusals')::jsonb) WITH ORDINALITY AS refused (item, n))
  SELECT (SELECT string_agg(parts.said, ', ' ORDER BY n) FROM parts), (SELECT string_agg(given.help, ' ' ORDER BY first) FROM (SELECT parts.help, min(n) AS first FROM parts GROUP BY 1) AS given) INTO said, help;
  IF said IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = concat(said, ': the deploy script would refuse'), HINT = concat('Nothing was changed. ', help);
  END IF;
END $verdict$;
\pset tuples_only on
\pset format unaligned
SELECT {{name}} || ': ' || CASE current_setting('rowpatch.pending') WHEN '0' THEN 'already in place' ELSE 'ready to deploy' END
  || CASE WHEN current_setting('rowpatch.lacking') ~ '"scripts": "(deploy and )?revert"' THEN concat('; to revert, the role ', current_setting('rowpatch.role'), ' lacks privileges') ELSE '' END;
ROLLBACK;
