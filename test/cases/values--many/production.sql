-- More rows than one group of the checks, more than the threshold of set-based steps, and a table below it.
CREATE TABLE many (id int PRIMARY KEY, v text, n numeric, at timestamptz);
INSERT INTO many SELECT g, 'v' || g, g / 7.0, timestamptz '2020-01-01 00:00:00+00' + g * interval '1 hour' FROM generate_series(1, 5000) g;
CREATE TABLE child (id int PRIMARY KEY, many int NOT NULL REFERENCES many, v text UNIQUE);
INSERT INTO child SELECT g, g, E'it''s \\ ' || g FROM generate_series(1, 1500) g;
CREATE TABLE few (id int PRIMARY KEY, v text);
INSERT INTO few SELECT g, 'v' || g FROM generate_series(1, 900) g;
