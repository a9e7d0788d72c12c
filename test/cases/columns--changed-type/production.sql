CREATE TABLE doc (id int PRIMARY KEY, v text);
INSERT INTO doc VALUES (1, '1');
CREATE TABLE wider (id int PRIMARY KEY, v varchar(10));
INSERT INTO wider VALUES (1, 'a');
