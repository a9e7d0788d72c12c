UPDATE v SET a = b, b = a WHERE id % 3 = 0;
UPDATE v SET a = b, b = coalesce(a, '') || '\' WHERE id % 3 = 1;
CREATE TEMP TABLE w AS SELECT id + 1000 AS id, a, a AS b FROM v WHERE id % 3 = 2;
DELETE FROM v WHERE id % 3 = 2;
INSERT INTO v SELECT * FROM w;
