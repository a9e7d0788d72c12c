UPDATE doc SET v = 'A' WHERE id = 1;
DELETE FROM doc WHERE id = 2;
INSERT INTO doc VALUES (3, 'c'), (4, NULL);
UPDATE two SET v = 'X' WHERE id = 1;
INSERT INTO two VALUES (3, 'c', NULL);
UPDATE ref SET two = 'c';
