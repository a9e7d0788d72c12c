UPDATE by_constraint SET note = 'First' WHERE code = 'a';
DELETE FROM by_constraint WHERE code = 'b';
INSERT INTO by_constraint VALUES ('fourth', 'd', 'y');
UPDATE by_index SET c = 5 WHERE (a, b) = (1, 2);
DELETE FROM by_index WHERE (a, b) = (2, 1);
INSERT INTO by_index VALUES (NULL, 3, 3, 3);
