CREATE TABLE doc (id int PRIMARY KEY, v text, only_production text DEFAULT 'p', w text);
INSERT INTO doc VALUES (1, 'a', 'x', 'w'), (2, 'b', 'y', 'w'), (3, 'c', NULL, NULL);
CREATE TABLE reordered (a int, b text, id int PRIMARY KEY);
INSERT INTO reordered VALUES (1, 'a', 1), (2, 'b', 2);
