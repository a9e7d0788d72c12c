CREATE TABLE price (product text, valid_from date, region text COLLATE "C", amount numeric(10, 2), PRIMARY KEY (region, product, valid_from));
INSERT INTO price VALUES ('pen', '2024-01-01', 'EU', 1.00), ('pen', '2024-01-01', 'eu', 1.10), ('pen', '2025-01-01', 'EU', 1.20), ('ink', '2024-01-01', 'EU', 9.90), ('', '2024-01-01', '', 0);
CREATE TABLE link (a int, b int, PRIMARY KEY (a, b));
INSERT INTO link VALUES (1, 1), (1, 2), (2, 1), (11, 1), (1, 11);
