CREATE TABLE log (at date, line text);
INSERT INTO log VALUES ('2024-01-01', 'same'), ('2024-01-01', 'same'), (NULL, NULL), (NULL, '');
CREATE TABLE same (a int, b text);
INSERT INTO same VALUES (1, 'x'), (1, 'x');
CREATE TABLE keyed (id int PRIMARY KEY, v text);
INSERT INTO keyed VALUES (1, 'a');
