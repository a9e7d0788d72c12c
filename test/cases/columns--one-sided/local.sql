ALTER TABLE doc DROP COLUMN only_production, ADD COLUMN only_local text DEFAULT 'l';
UPDATE doc SET v = 'A', only_local = 'changed' WHERE id = 1;
INSERT INTO doc (id, v) VALUES (4, 'd');
DELETE FROM doc WHERE id = 2;
DROP TABLE reordered;
CREATE TABLE reordered (id int PRIMARY KEY, a int, b text);
INSERT INTO reordered VALUES (1, 1, 'A'), (3, 3, 'c');
