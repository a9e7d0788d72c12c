UPDATE slot SET pos = -pos, code = code || code;
UPDATE slot SET pos = 2, code = 'b' WHERE id = 1;
UPDATE slot SET pos = 1, code = 'a' WHERE id = 2;
UPDATE slot SET pos = 4, code = 'c' WHERE id = 3;
UPDATE slot SET pos = 5, code = 'd' WHERE id = 4;
UPDATE slot SET pos = NULL, code = 'e' WHERE id = 5;
UPDATE slot SET pos = 3, code = 'f' WHERE id = 6;
DELETE FROM slot WHERE id = 7;
INSERT INTO slot VALUES (8, 7, 'g', 'new');
