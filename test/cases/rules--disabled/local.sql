ALTER TABLE doc DISABLE RULE no_delete;
ALTER TABLE doc DISABLE RULE "also; -- x";
UPDATE doc SET v = 'A' WHERE id = 1;
DELETE FROM doc WHERE id = 2;
INSERT INTO doc VALUES (3, 'c');
ALTER TABLE doc ENABLE ALWAYS RULE no_delete;
ALTER TABLE doc ENABLE RULE "also; -- x";
UPDATE free SET v = 'A';
