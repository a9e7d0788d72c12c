CREATE TABLE slot (id int PRIMARY KEY, pos int UNIQUE, code text NOT NULL UNIQUE, v text);
INSERT INTO slot VALUES (1, 1, 'a', 'x'), (2, 2, 'b', 'x'), (3, 3, 'c', 'x'), (4, 4, 'd', 'x'), (5, 5, 'e', 'x'), (6, NULL, 'f', 'x'), (7, 7, 'g', 'x');
