UPDATE shop.item SET v = 'A' WHERE id = 1;
DELETE FROM shop.item WHERE id = 2;
UPDATE shop.item_log SET v = 'A';
UPDATE public.item SET v = 'A';
DROP TABLE shop.only_production;
CREATE TABLE shop.only_local (id int PRIMARY KEY);
