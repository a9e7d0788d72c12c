CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tag (name text COLLATE caseless PRIMARY KEY, hits int);
INSERT INTO tag VALUES ('Blue', 1), ('red', 2), ('ÄRGER', 3), ('old', 4);
