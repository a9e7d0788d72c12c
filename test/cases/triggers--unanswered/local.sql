UPDATE doc SET v = 'A' WHERE id = 1;
UPDATE other SET v = 'A' WHERE id = 1;
