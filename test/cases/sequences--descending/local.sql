INSERT INTO doc (v) VALUES ('c');
