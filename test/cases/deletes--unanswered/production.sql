CREATE TABLE doc (id int PRIMARY KEY, v text);
INSERT INTO doc VALUES (1, 'a'), (2, 'b');
