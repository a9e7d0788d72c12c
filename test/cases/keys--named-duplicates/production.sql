CREATE TABLE twice (name text, value int);
INSERT INTO twice VALUES ('a', 1), ('a', 2), ('b', 3);
CREATE TABLE missing (name text, value int);
INSERT INTO missing VALUES ('a', 1), (NULL, 2);
