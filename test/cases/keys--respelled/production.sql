CREATE EXTENSION citext;
CREATE TABLE tag (name citext PRIMARY KEY, hits int);
INSERT INTO tag VALUES ('Blue', 1), ('red', 2), ('GREEN', 3);
