CREATE TABLE doc (id int PRIMARY KEY, v text);
INSERT INTO doc VALUES (1, 'a'), (2, 'b'), (3, 'c');
CREATE TABLE child (id int PRIMARY KEY, doc int NOT NULL REFERENCES doc);
INSERT INTO child VALUES (1, 2), (2, 3);
