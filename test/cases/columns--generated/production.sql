CREATE TABLE item (id int PRIMARY KEY, price numeric, twice numeric GENERATED ALWAYS AS (price * 2) STORED, name text, upper text GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO item (id, price, name) VALUES (1, 1.50, 'pen'), (2, NULL, NULL), (3, 0, '');
