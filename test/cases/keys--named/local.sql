UPDATE setting SET value = 'blue' WHERE name = 'color';
DELETE FROM setting WHERE name = 'Size';
INSERT INTO setting VALUES ('weight', '1 kg', '2025-01-01 00:00:00+00');
UPDATE keyed SET id = 7, name = 'Ann' WHERE email = 'a@example.com';
