DELETE FROM nulled WHERE id = 1;
UPDATE nulled SET v = 'changed' WHERE id = 4;
UPDATE nulled SET parent = 3 WHERE id = 5;
DELETE FROM defaulted WHERE id = 1;
DELETE FROM parent WHERE id = 2;
