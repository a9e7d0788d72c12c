CREATE TABLE doc (id int PRIMARY KEY, v varchar(10), n numeric(6, 2), c char(4));
INSERT INTO doc VALUES (1, 'a', 1.50, 'a'), (2, 'b', 2.00, 'b'), (3, 'c', NULL, NULL);
