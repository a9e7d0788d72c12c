CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, v text);
INSERT INTO node VALUES (1, 1, 'own parent'), (2, NULL, 'root');
INSERT INTO node SELECT g, g - 1, 'chain' FROM generate_series(3, 60) g;
INSERT INTO node VALUES (101, NULL, 'ring'), (102, 101, 'ring'), (103, 102, 'ring');
UPDATE node SET parent = 103 WHERE id = 101;
CREATE TABLE strict_node (id int PRIMARY KEY, parent int NOT NULL REFERENCES strict_node, v text);
INSERT INTO strict_node VALUES (1, 1, 'own parent'), (4, 1, 'leaf'), (11, 12, 'ring'), (12, 11, 'ring');
