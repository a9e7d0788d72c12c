UPDATE txt SET t = '', v = '', c = '', one = '', n = '', x = '', i = '', d = '' WHERE id = 1;
UPDATE txt SET t = NULL, v = NULL, c = NULL, one = NULL, n = NULL, x = NULL, i = NULL, d = NULL WHERE id = 2;
UPDATE txt SET t = '\N', v = ':x', c = '''', one = '''', n = '$$', x = U&'\00e9', i = 'aBC', d = 'a' WHERE id = 3;
UPDATE txt SET t = 'lead ', v = '5äöüß', c = '12345678', one = U&'\00e9', n = repeat('é', 31), x = U&'\00e9', i = 'abc', d = 'z' WHERE id = 4;
INSERT INTO txt VALUES (5, ' ', ' ', ' a', ' ', ' ', E'\t', E'\n', E'\r');
