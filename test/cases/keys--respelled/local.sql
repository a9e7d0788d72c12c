UPDATE tag SET name = 'blue' WHERE name = 'Blue';
UPDATE tag SET name = 'Green', hits = 4 WHERE name = 'GREEN';
