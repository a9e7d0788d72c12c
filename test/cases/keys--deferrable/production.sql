CREATE TABLE doc (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text);
CREATE TABLE two (id int UNIQUE DEFERRABLE, code text NOT NULL UNIQUE, v text);
ALTER TABLE two ALTER id SET NOT NULL;
INSERT INTO doc VALUES (1, 'a'), (2, 'b');
INSERT INTO two VALUES (1, 'a', 'x'), (2, 'b', 'y');
CREATE TABLE ref (id int PRIMARY KEY, two text REFERENCES two (code));
INSERT INTO ref VALUES (1, 'a');
