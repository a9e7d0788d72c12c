INSERT INTO customer VALUES (3, 'c');
INSERT INTO bill VALUES (4, '2023-06-01', 3);
INSERT INTO a_line VALUES (3, 4, '2023-06-01');
DELETE FROM a_line WHERE id = 2;
DELETE FROM customer WHERE id = 2;
UPDATE bill SET customer = 3 WHERE id = 2;
