-- In every table: the first row changes, the second goes, a new one comes.
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'k\_%' LOOP
    EXECUTE format('UPDATE %I SET v = 10 WHERE v = 1', t.relname);
    EXECUTE format('DELETE FROM %I WHERE v = 2', t.relname);
  END LOOP;
END $$;
INSERT INTO k_bool VALUES (false, 9);
INSERT INTO k_int2 VALUES (7, 9);
INSERT INTO k_numeric VALUES (-1.500, 9);
INSERT INTO k_float VALUES ('-Infinity', 9), (1e22, 8), ('5e-324', 7);
INSERT INTO k_char VALUES ('b', 9), ('', 8);
INSERT INTO k_citext VALUES ('New', 9);
INSERT INTO k_caseless VALUES ('xyz', 9);
INSERT INTO k_bytea VALUES ('\xff0a09', 9);
INSERT INTO k_timestamptz VALUES ('-infinity', 9), ('0044-03-15 12:00:00+00 BC', 8);
INSERT INTO k_interval VALUES ('2 mons', 9);
INSERT INTO k_uuid VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', 9);
INSERT INTO k_jsonb VALUES ('{"b": null}', 9), ('"x"', 8);
INSERT INTO k_array VALUES ('{NULL}', 9), ('{{1},{2}}', 8);
INSERT INTO k_row VALUES ('(2,"a,""b\\c")', 9);
INSERT INTO k_enum VALUES ('ok', 9);
INSERT INTO k_domain VALUES (4, 9);
INSERT INTO k_range VALUES ('[7,8)', 9);
INSERT INTO k_inet VALUES ('10.0.0.0/24', 9);
INSERT INTO k_bit VALUES (B'1', 9);
INSERT INTO k_char1 VALUES ('''', 9);
INSERT INTO k_hstore VALUES ('b=>"x, y"', 9);
INSERT INTO k_money VALUES (-92233720368547758.08, 9);
