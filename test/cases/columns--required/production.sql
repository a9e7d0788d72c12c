CREATE TABLE doc (id int PRIMARY KEY, v text, needed text NOT NULL);
INSERT INTO doc VALUES (1, 'a', 'x');
