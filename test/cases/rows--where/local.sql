UPDATE tenant SET v = upper(v);
INSERT INTO tenant VALUES (5, 'mine', 'new'), (6, 'theirs', 'new');
DELETE FROM tenant WHERE id = 3;
UPDATE other SET v = 'A';
