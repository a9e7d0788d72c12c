CREATE TABLE customer (id int PRIMARY KEY, name text);
INSERT INTO customer VALUES (1, 'a'), (2, 'b');
CREATE TABLE bill (id int, at date NOT NULL, customer int REFERENCES customer ON DELETE CASCADE, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE bill_2023 PARTITION OF bill FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE bill_2024 PARTITION OF bill FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO bill VALUES (1, '2023-01-01', 1), (2, '2024-01-01', 1), (3, '2024-01-01', 2);
CREATE TABLE a_line (id int PRIMARY KEY, bill int, at date, FOREIGN KEY (bill, at) REFERENCES bill (id, at));
INSERT INTO a_line VALUES (1, 1, '2023-01-01'), (2, 3, '2024-01-01');
