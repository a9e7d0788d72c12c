UPDATE feeling SET m = 'back\slash', o = 'A', p = 2, l = 'it''s', ol = '\', ms = '{"back\\slash","quote\"",NULL,later}', d = '{"with space"}' WHERE id = 1;
UPDATE feeling SET m = 'comma,', p = 3, ms = '{}', d = '[0:0]={Ünï}' WHERE id = 2;
DELETE FROM feeling WHERE id = 3;
UPDATE feeling SET m = ':x' WHERE id = 4;
INSERT INTO feeling VALUES (5, 'Ünï', 'A', 5, 'new', 'new', '{:x}', '{sad}');
