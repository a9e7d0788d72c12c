-- A week of editing the local copy of the shop: new products, new prices, a corrected customer, a cancelled order, old pages gone.
SET search_path = public;

-- New category with two products
INSERT INTO category (parent_id, slug, name)
SELECT id, 'tea', 'Tea' FROM category WHERE slug = 'kitchen';
INSERT INTO product (sku, name, category_id, price, tags, attributes)
SELECT new.sku, new.name, category.id, new.price, new.tags, new.attributes
FROM category, (VALUES
  ('TEA-001', 'Teapot, 1.2 l', 44.00, '{stoneware,new}'::text[], '{"litres": 1.2, "dishwasher": true}'::jsonb),
  ('TEA-002', 'Tea strainer "Fine"', 9.50, '{steel,new}', '{"mesh": "fine"}')) AS new (sku, name, price, tags, attributes)
WHERE category.slug = 'tea';

-- Prices of coffee gear rise by 5 %; the moka pot is back in stock
UPDATE product SET price = round(price * 1.05, 1)
WHERE category_id IN (SELECT id FROM category WHERE slug IN ('coffee', 'grinders'));
UPDATE product SET active = true, tags = tags || '{back}' WHERE sku = 'COF-005';
UPDATE product SET attributes = attributes || '{"ruling": "plain"}' WHERE sku = 'PAP-002';

-- Somebody has moved; somebody is a gold customer now
UPDATE customer SET address = '{"street": "Quai d''Ouchy 3", "city": "Lausanne", "country": "CH"}' WHERE email = 'jurgen.keller@example.com';
UPDATE customer SET tier = 'gold' WHERE email = 'grace.keller@example.com';

-- An order by telephone, and one that was entered twice
INSERT INTO orders (customer_id, status, placed_at)
SELECT id, 'paid', '2026-11-20 10:15:00+00' FROM customer WHERE email = 'sofia.keller@example.com';
INSERT INTO order_item (order_id, line, product_id, quantity, unit_price)
SELECT o.id, row_number() OVER (ORDER BY p.sku), p.id, 1, p.price
FROM orders o, product p
WHERE o.placed_at = '2026-11-20 10:15:00+00' AND p.sku IN ('TEA-001', 'TEA-002', 'COF-002');
DELETE FROM orders WHERE id = 80;

-- Rude reviews go
DELETE FROM review WHERE rating = 3 AND written_at < '2026-03-01';

-- Shipping has become dearer and reaches further
UPDATE shipping_zone SET base_price = 17.90, delivery = '7 days' WHERE code = 'GB';
INSERT INTO shipping_zone VALUES ('NO', 'Nordics', '{DK,FI,NO,SE}', 18.50, '6 days');

-- Pages
UPDATE page SET body = E'We ship on weekdays, and now to the Nordics too.\n\nReturns are free within 30 days.' WHERE slug = 'shipping';
INSERT INTO page VALUES ('advent', 'Advent calendar', E'Twenty-four doors, twenty-four offers.\n\n''Tis the season.', '2026-12-01');
DELETE FROM page WHERE slug = 'spring-sale';
