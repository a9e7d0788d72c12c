-- The key of event holds the partition column, so there a row that moves is one gone and one come.
UPDATE event SET at = at + 365 WHERE id IN (9, 20);
UPDATE event SET v = NULL WHERE id IN (1, 12, 13);
DELETE FROM event WHERE id IN (2, 14, 25);
INSERT INTO event VALUES (30, '2023-05-05', 'new'), (30, '2024-05-05', 'new'), (5, '2024-05-05', 'new'), (30, '1999-01-01', 'new');
UPDATE note SET v = 'x' WHERE id < 4;
DELETE FROM note WHERE id = 10;
INSERT INTO note VALUES (11, 'b', 'new');
-- The key of state, named with --key, does not: these rows move.
UPDATE state SET region = 'us' WHERE id = 1;
UPDATE state SET region = 'eu', v = 'moved' WHERE id = 3;
UPDATE state SET v = 'stays' WHERE id = 4;
DELETE FROM state WHERE id = 2;
INSERT INTO state VALUES (5, 'eu', 'new');
