-- Large children of small parents: values of other lengths stand in other lists.
CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, v text);
INSERT INTO node SELECT g, NULL, 'small' FROM generate_series(1, 520) g;
INSERT INTO node SELECT 1000 + g, g, repeat('x', 9000) FROM generate_series(1, 20) g;
INSERT INTO node SELECT 2000 + g, 1000 + g, 'small' FROM generate_series(1, 20) g;
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE, v text);
INSERT INTO tree SELECT * FROM node;
