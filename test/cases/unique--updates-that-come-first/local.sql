INSERT INTO person VALUES (4, 'Dan');
-- Each takes what the one after it gives up; the last goes to a person who is new.
UPDATE membership SET person = 4 WHERE id = 12;
UPDATE membership SET team = 3 WHERE id = 11;
UPDATE membership SET team = 2 WHERE id = 10;
INSERT INTO membership VALUES (14, 1, 1);
