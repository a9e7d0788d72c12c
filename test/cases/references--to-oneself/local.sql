-- A chain that runs against the order of keys, another ring, own parents.
DELETE FROM node WHERE id > 30 AND id < 100;
INSERT INTO node VALUES (208, NULL, 'chain');
INSERT INTO node SELECT g, g + 1, 'chain' FROM generate_series(207, 200, -1) g;
UPDATE node SET parent = NULL WHERE id > 100 AND id < 200;
DELETE FROM node WHERE id > 100 AND id < 200;
INSERT INTO node VALUES (301, NULL, 'ring'), (302, 301, 'ring'), (300, 300, 'own parent');
UPDATE node SET parent = 302 WHERE id = 301;
UPDATE node SET parent = 200 WHERE id = 2;
DELETE FROM strict_node WHERE v = 'ring';
INSERT INTO strict_node VALUES (22, 21, 'ring'), (21, 22, 'ring'), (23, 21, 'beside'), (30, 30, 'own parent');
UPDATE strict_node SET parent = 30 WHERE id = 4;
