-- Names sort against the references.
CREATE TABLE z_country (code char(2) PRIMARY KEY, name text);
CREATE TABLE m_city (id int PRIMARY KEY, country char(2) NOT NULL REFERENCES z_country, name text);
CREATE TABLE a_address (id int PRIMARY KEY, city int NOT NULL REFERENCES m_city, street text);
CREATE TABLE b_both (address int REFERENCES a_address, country char(2) REFERENCES z_country, PRIMARY KEY (address, country));
INSERT INTO z_country VALUES ('ch', 'Switzerland'), ('de', 'Germany'), ('xx', 'nowhere');
INSERT INTO m_city VALUES (1, 'ch', 'Bern'), (2, 'xx', 'none');
INSERT INTO a_address VALUES (1, 1, 'Marktgasse'), (2, 2, 'none');
INSERT INTO b_both VALUES (1, 'ch'), (2, 'de');
