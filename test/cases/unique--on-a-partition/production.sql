CREATE TABLE seat (id int, y int, code text NOT NULL, place int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
CREATE TABLE seat_low PARTITION OF seat FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (y);
CREATE TABLE seat_lowest PARTITION OF seat_low FOR VALUES FROM (0) TO (5);
CREATE TABLE seat_other PARTITION OF seat_low DEFAULT;
CREATE TABLE seat_high PARTITION OF seat FOR VALUES FROM (10) TO (20);
-- No other table has these: only what happens within the partition can collide.
CREATE UNIQUE INDEX ON seat_lowest (code);
ALTER TABLE seat_low ADD UNIQUE (y, place);
ALTER TABLE seat_high ADD CONSTRAINT later UNIQUE (code) DEFERRABLE;
INSERT INTO seat SELECT i, i % 4, 'c' || i, i FROM generate_series(1, 8) AS i;
INSERT INTO seat SELECT i, 10 + i, 'c' || i, i FROM generate_series(1, 4) AS i;
