CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (extra text, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE grandchild (deep int, id int PRIMARY KEY) INHERITS (child);
INSERT INTO parent VALUES (1, 'parent'), (2, 'parent'), (3, 'parent');
INSERT INTO child VALUES (1, 'same id', 'e'), (2, 'same id', 'e');
INSERT INTO grandchild (id, v, extra, deep) VALUES (1, 'same id', 'x', 9), (3, 'grand', 'x', 9);
ALTER TABLE parent ADD COLUMN late text DEFAULT 'late';
