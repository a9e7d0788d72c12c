UPDATE doc SET v = 'A' WHERE id = 1;
DELETE FROM doc WHERE id = 2;
INSERT INTO doc VALUES (3, 'c');
