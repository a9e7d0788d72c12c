CREATE SCHEMA shop;
CREATE TABLE shop.item (id int PRIMARY KEY, v text);
CREATE TABLE shop.item_log (id int PRIMARY KEY, v text);
CREATE TABLE public.item (id int PRIMARY KEY, v text);
CREATE TABLE shop.only_production (id int PRIMARY KEY);
INSERT INTO shop.item VALUES (1, 'a'), (2, 'b');
INSERT INTO shop.item_log VALUES (1, 'a');
INSERT INTO public.item VALUES (1, 'a');
