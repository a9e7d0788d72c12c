UPDATE tag SET name = 'blue' WHERE name = 'Blue';
UPDATE tag SET name = 'Ärger', hits = 4 WHERE name = 'ÄRGER';
DELETE FROM tag WHERE name = 'old';
INSERT INTO tag VALUES ('new', 5);
