UPDATE price SET amount = 1.15 WHERE region = 'eu';
UPDATE price SET amount = NULL WHERE product = '';
DELETE FROM price WHERE product = 'ink';
INSERT INTO price VALUES ('ink', '2025-01-01', 'EU', 9.90), ('1', '2024-01-01', '1', 1);
DELETE FROM link WHERE (a, b) = (1, 11);
INSERT INTO link VALUES (111, 1), (1, 111);
