BEGIN;
INSERT INTO team VALUES (3, 5, 'three');
INSERT INTO person VALUES (5, 3, 'e'), (6, 3, 'f');
DELETE FROM person WHERE team = 2;
DELETE FROM team WHERE id = 2;
UPDATE team SET lead = 2 WHERE id = 1;
COMMIT;
