CREATE TABLE doc (id int PRIMARY KEY, v text, changed timestamptz NOT NULL DEFAULT '2001-01-01 00:00:00+00', "Hits" int);
CREATE TABLE other (id int PRIMARY KEY, changed text);
INSERT INTO doc VALUES (1, 'a', '2024-01-01 00:00:00+00', 1), (2, 'b', '2024-01-01 00:00:00+00', 2), (3, 'c', '2002-02-02 00:00:00+00', 7);
INSERT INTO other VALUES (1, 'a');
