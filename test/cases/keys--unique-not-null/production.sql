CREATE TABLE by_constraint (note text, code text NOT NULL, maybe text UNIQUE, CONSTRAINT by_constraint_code UNIQUE (code));
INSERT INTO by_constraint VALUES ('first', 'a', 'x'), ('second', 'b', NULL), (NULL, 'c', NULL);
CREATE TABLE by_index (note text, a int NOT NULL, b int NOT NULL, c int);
CREATE UNIQUE INDEX ON by_index (c, a);
CREATE UNIQUE INDEX ON by_index (a) WHERE b > 10;
CREATE UNIQUE INDEX by_index_key ON by_index (b, a) INCLUDE (note);
INSERT INTO by_index VALUES ('first', 1, 1, 1), ('second', 1, 2, NULL), ('third', 2, 1, NULL);
