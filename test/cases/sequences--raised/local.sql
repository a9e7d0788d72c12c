INSERT INTO ser VALUES (20, 3000000000, 'new');
DELETE FROM ser WHERE id = 5;
INSERT INTO uses_shared (id, v) VALUES (77, 'new'), (12, 'new');
INSERT INTO owns VALUES (8, 'new');
INSERT INTO is_ahead VALUES (999, 'new');
INSERT INTO never_called VALUES (5, 'new');
SELECT setval('free', 9);
