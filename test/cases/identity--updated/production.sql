CREATE TABLE beside (code text PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, v text);
INSERT INTO beside (code, v) VALUES ('x', 'a'), ('y', 'b');
