CREATE TABLE doc (id int PRIMARY KEY, owner text, v text);
INSERT INTO doc VALUES (1, 'nobody', 'a'), (2, 'nobody', 'b');
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE doc FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON doc USING (owner = current_user);
