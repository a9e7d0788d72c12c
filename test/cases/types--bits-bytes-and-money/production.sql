CREATE TABLE raw (id int PRIMARY KEY, b bytea, f bit(5), v varbit(12), m money, one bit);
INSERT INTO raw VALUES (1, '\x00ff5c0a0d27', B'10101', B'', -92233720368547758.08, B'1'), (2, '', B'00000', B'0', 0.01, B'0'), (3, '\x5c5c', B'11111', B'111111111111', '$1,234.56', NULL);
