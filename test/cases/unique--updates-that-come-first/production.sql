CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE team (id int PRIMARY KEY, name text NOT NULL);
-- As frameworks make it for a many-to-many field: an id, two references, and each pair once.
CREATE TABLE membership (id int PRIMARY KEY, person int NOT NULL REFERENCES person, team int NOT NULL REFERENCES team, UNIQUE (person, team));
INSERT INTO person VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cleo');
INSERT INTO team VALUES (1, 'red'), (2, 'blue'), (3, 'green');
INSERT INTO membership VALUES (10, 1, 1), (11, 1, 2), (12, 1, 3), (13, 2, 1);
