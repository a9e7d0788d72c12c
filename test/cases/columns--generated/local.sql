UPDATE item SET price = 1.5, name = 'Pen' WHERE id = 1;
UPDATE item SET name = 'ink' WHERE id = 2;
DELETE FROM item WHERE id = 3;
INSERT INTO item (id, price, name) VALUES (4, 9.99, 'it''s');
