DELETE FROM beside WHERE code = 'x';
INSERT INTO beside (code, v) VALUES ('x', 'a');
