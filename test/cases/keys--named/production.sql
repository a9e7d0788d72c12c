CREATE TABLE setting (name text, value text, changed timestamptz);
INSERT INTO setting VALUES ('color', 'red', '2024-01-01 00:00:00+00'), ('size', '', NULL), ('Size', NULL, NULL);
CREATE TABLE keyed (id int PRIMARY KEY, email text NOT NULL UNIQUE, name text);
INSERT INTO keyed VALUES (1, 'a@example.com', 'A'), (2, 'b@example.com', 'B');
