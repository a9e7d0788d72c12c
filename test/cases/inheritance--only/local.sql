UPDATE ONLY parent SET v = 'PARENT' WHERE id = 1;
DELETE FROM ONLY parent WHERE id = 2;
INSERT INTO parent VALUES (4, 'new', NULL);
UPDATE ONLY child SET late = 'later' WHERE id = 1;
INSERT INTO child (id, v) VALUES (3, 'new');
DELETE FROM ONLY grandchild WHERE id = 1;
UPDATE ONLY grandchild SET deep = NULL;
