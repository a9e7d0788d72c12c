ALTER TABLE doc ALTER v TYPE varchar(20), ALTER n TYPE numeric(8, 2);
UPDATE doc SET v = 'ten chars.', n = 9999.99 WHERE id = 1;
DELETE FROM doc WHERE id = 2;
INSERT INTO doc VALUES (4, 'd', -0.01, 'd');
