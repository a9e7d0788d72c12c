UPDATE doc SET v = 'A', changed = '2025-01-01 00:00:00+00' WHERE id = 1;
UPDATE doc SET changed = '2025-01-01 00:00:00+00', "Hits" = 9 WHERE id = 2;
INSERT INTO doc (id, v) VALUES (4, 'd');
DELETE FROM doc WHERE id = 3;
UPDATE other SET changed = 'A';
