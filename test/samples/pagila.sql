-- Edits in every table of Pagila but store: inserts, updates and deletes, as an editor would make them.
-- Pagila's own triggers fire here, as they do for an editor: last_update and fulltext change with the rows.
INSERT INTO language (language_id, name, last_update) VALUES (7, 'Tok Pisin', '2024-01-01 00:00:00+00');
UPDATE language SET name = 'Française' WHERE language_id = 5;
DELETE FROM language WHERE language_id = 6;

INSERT INTO actor (actor_id, first_name, last_name) VALUES (201, 'SINÉAD', 'O''CONNOR'), (202, 'ÉDITH', 'PIAF');
UPDATE actor SET last_name = 'MC "QUEEN"' WHERE actor_id IN (1, 100);
INSERT INTO country (country_id, country) VALUES (110, 'Åland');
UPDATE country SET country = 'Côte d''Ivoire' WHERE country_id = 2;
INSERT INTO city (city_id, city, country_id) VALUES (601, 'Mariehamn', 110);
UPDATE city SET country_id = 110 WHERE city_id = 600;
INSERT INTO address (address_id, address, address2, district, city_id, postal_code, phone) VALUES (606, E'1 Main\nStreet', NULL, 'X', 601, '', '0');
UPDATE address SET address2 = NULL, phone = '123' WHERE address_id BETWEEN 10 AND 20;

INSERT INTO film (film_id, title, description, release_year, language_id, original_language_id, rental_duration, rental_rate, length, replacement_cost, rating, special_features)
  VALUES (1001, 'ZORBA ":x" $$', 'A `dance` in C:\temp', 1964, 7, NULL, 7, 0.99, NULL, 9.99, 'NC-17', '{Trailers,"Behind, the \"Scenes\"",NULL}'),
         (1002, 'EMPTY', '', NULL, 1, 7, 3, 4.99, 1, 19.99, 'G', '{}');
UPDATE film SET title = upper(title) || '!', release_year = 2007, rating = 'PG-13' WHERE film_id BETWEEN 1 AND 25;
UPDATE film SET special_features = array_append(special_features, 'Subtitles'), description = NULL WHERE film_id BETWEEN 30 AND 40;
UPDATE film SET special_features = NULL, length = NULL, original_language_id = 7 WHERE film_id = 50;
UPDATE film SET fulltext = '''by'':1A ''hand'':2' WHERE film_id = 60;
INSERT INTO category (category_id, name) VALUES (17, 'Opéra');
UPDATE category SET name = 'Kids' WHERE category_id = 3;
INSERT INTO film_category (film_id, category_id) VALUES (1001, 17), (1002, 3);
UPDATE film_category SET last_update = '2024-02-29 12:00:00+00' WHERE film_id = 1;
DELETE FROM film_category WHERE film_id = 999;
INSERT INTO film_actor (actor_id, film_id) VALUES (201, 1001), (202, 1001), (1, 1002);
DELETE FROM film_actor WHERE film_id = 999;

INSERT INTO inventory (inventory_id, film_id, store_id) VALUES (4582, 1001, 1), (4583, 1001, 2);
UPDATE inventory SET store_id = 3 - store_id WHERE inventory_id = 1;
INSERT INTO customer (customer_id, store_id, first_name, last_name, email, address_id, create_date, active) VALUES (600, 1, 'NEW', 'CUSTOMER', NULL, 606, '2024-02-29', 1);
UPDATE customer SET email = lower(email), activebool = false, active = 0 WHERE customer_id IN (5, 6, 7);
INSERT INTO rental (rental_id, rental_date, inventory_id, customer_id, return_date, staff_id) VALUES (16050, '2022-07-01 10:00:00+00', 4582, 600, NULL, 1);
UPDATE rental SET return_date = '2022-09-01 00:00:00.123456+00' WHERE return_date IS NULL AND rental_id < 13000;

-- Two rentals change places in the unique index over date, copy and customer; a third follows into a place that is given up.
UPDATE rental SET rental_date = rental_date + interval '1000 years' WHERE rental_id IN (10, 11, 12);
UPDATE rental r SET rental_date = o.rental_date - interval '1000 years', inventory_id = o.inventory_id, customer_id = o.customer_id
  FROM rental o WHERE (r.rental_id, o.rental_id) IN ((10, 11), (11, 12), (12, 10));

INSERT INTO payment (payment_id, customer_id, staff_id, rental_id, amount, payment_date) VALUES
  (40001, 600, 1, 16050, 1.00, '2022-01-31 23:59:59.999999+00'), (40002, 600, 2, 16050, -2.50, '2022-07-15 00:00:00+00');
UPDATE payment SET amount = amount + 1 WHERE payment_id % 1000 = 7;
DELETE FROM payment WHERE payment_id % 1000 = 9;
-- These leave one partition for another; their key holds the date.
UPDATE payment SET payment_date = '2022-03-03 03:03:03+00' WHERE payment_id = (SELECT min(payment_id) FROM payment WHERE payment_date < '2022-02-01 00:00:00+00');
DELETE FROM rental r WHERE rental_id > 16000 AND rental_id < 16050 AND NOT EXISTS (SELECT FROM payment p WHERE p.rental_id = r.rental_id);

UPDATE staff SET picture = '\x89504e470d0a1a0a005c27', email = NULL WHERE staff_id = 1;
UPDATE staff SET picture = '', password = NULL WHERE staff_id = 2;
