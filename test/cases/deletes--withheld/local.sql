UPDATE doc SET v = 'A' WHERE id = 1;
INSERT INTO doc VALUES (4, 'd');
UPDATE child SET doc = 4 WHERE id = 1;
DELETE FROM child WHERE id = 2;
DELETE FROM doc WHERE id IN (2, 3);
