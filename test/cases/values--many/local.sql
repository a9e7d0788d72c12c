UPDATE many SET v = NULL, n = n + 1 WHERE id BETWEEN 1 AND 1200;
UPDATE many SET v = v || E'\t\\.\n' WHERE id BETWEEN 1201 AND 1400;
UPDATE many SET at = at + interval '1 second' WHERE id BETWEEN 1401 AND 1450;
INSERT INTO many SELECT g, 'new ' || g, NULL, NULL FROM generate_series(6001, 7300) g;
INSERT INTO child SELECT g, g, '\N' || g FROM generate_series(6001, 7300) g;
DELETE FROM child WHERE id > 100 AND id <= 1300;
DELETE FROM many WHERE id BETWEEN 3001 AND 4200;
UPDATE few SET v = v || v WHERE id <= 600;
