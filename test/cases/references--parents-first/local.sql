INSERT INTO z_country VALUES ('at', 'Austria');
INSERT INTO m_city VALUES (3, 'at', 'Wien'), (4, 'de', 'Bonn');
INSERT INTO a_address VALUES (3, 3, 'Ring'), (4, 4, 'Platz');
INSERT INTO b_both VALUES (3, 'at'), (1, 'de');
UPDATE a_address SET city = 3 WHERE id = 1;
DELETE FROM b_both WHERE address = 2;
DELETE FROM a_address WHERE id = 2;
DELETE FROM m_city WHERE id = 2;
DELETE FROM z_country WHERE code = 'xx';
