CREATE TABLE team (id int PRIMARY KEY, lead int NOT NULL, name text);
CREATE TABLE person (id int PRIMARY KEY, team int NOT NULL REFERENCES team, name text);
ALTER TABLE team ADD CONSTRAINT team_lead FOREIGN KEY (lead) REFERENCES person DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO team VALUES (1, 1, 'one'), (2, 3, 'two');
INSERT INTO person VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
COMMIT;
