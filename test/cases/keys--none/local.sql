INSERT INTO log VALUES ('2024-01-01', 'same'), ('2024-01-02', 'new');
DELETE FROM log WHERE line = '';
UPDATE keyed SET v = 'b';
