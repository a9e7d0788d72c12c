CREATE TABLE big (id int PRIMARY KEY, t text, b bytea, j jsonb, h text);
INSERT INTO big VALUES
  (1, repeat('x', 8192), NULL, NULL, 'as large as a literal may be'),
  (2, repeat('x', 8193), NULL, NULL, 'a byte larger'),
  (3, repeat('é', 4097), NULL, NULL, 'larger in bytes'),
  (4, repeat(E'\\\n''\t', 5000), '\x', '{}', 'escapes'),
  (5, '', decode(repeat('00ff', 30000), 'hex'), NULL, NULL),
  (6, NULL, '\x00', (SELECT jsonb_agg(g) FROM generate_series(1, 5000) g), NULL),
  (7, repeat('y', 700000), NULL, NULL, 'beyond a group of rows'),
  (8, repeat('z', 700000), NULL, NULL, 'stays');
CREATE TABLE large_key (k text PRIMARY KEY, v text);
INSERT INTO large_key VALUES (repeat('k', 2500), 'a'), (repeat('l', 2500), 'b'), ('short', 'c');
