UPDATE shape SET p = ROW(1, 'a,"b\c'')'), n = ROW(ROW(1, NULL), ARRAY['"', '\', 'NULL'], 'empty'), ps = ARRAY[ROW(2, 'NULL')::pair] WHERE id = 1;
UPDATE shape SET p = NULL, n = ROW(NULL, NULL, NULL), whole = ROW(1, NULL) WHERE id = 2;
UPDATE shape SET p = ROW(NULL, NULL), n = NULL, whole = ROW(1, '') WHERE id = 3;
INSERT INTO shape VALUES (4, ROW(7, E'line\nbreak'), NULL, NULL, NULL);
UPDATE span SET i4 = '[1,5)', i8 = '(,)', n = '[1.1,2.20)', ts = '[2000-01-01,2000-01-02)', tz = 'empty', d = '[2000-01-01,)', t = '["",)', im = '{}', tm = '{}', tzm = '{[2000-01-01 00:00+00,infinity)}' WHERE id = 1;
INSERT INTO span VALUES (3, '[-2147483648,)', NULL, '[NaN,NaN]', NULL, NULL, 'empty', '[a,b]', NULL, NULL, NULL);
