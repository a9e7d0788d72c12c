CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE txt (id int PRIMARY KEY, t text, v varchar(5), c char(8), one "char", n name, x text COLLATE "C", i text COLLATE caseless, d text COLLATE "de-x-icu");
INSERT INTO txt VALUES
  (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (2, '', '', '', '', '', '', '', ''),
  (3, 'NULL', 'null', '\N', '\', 'a_name', '\.', 'Abc', 'ä'),
  (4, ' lead', 'trail', 'x   ', 'é', 'n', 'e' || U&'\0301', 'ABC', 'Z');
