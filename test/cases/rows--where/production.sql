CREATE TABLE tenant (id int PRIMARY KEY, tenant text NOT NULL, v text);
INSERT INTO tenant VALUES (1, 'mine', 'a'), (2, 'theirs', 'b'), (3, 'mine', 'c'), (4, 'it''s', 'd');
CREATE TABLE other (id int PRIMARY KEY, v text);
INSERT INTO other VALUES (1, 'a');
