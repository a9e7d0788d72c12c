UPDATE num SET n = 'Infinity', s = -0.000001, f4 = 'NaN', f8 = 'NaN', i2 = -1, i8 = -1, o = 1 WHERE id = 1;
UPDATE num SET n = 1.1, f4 = 0.10000001, f8 = 0.1::float8 + 0.2::float8 WHERE id = 2;
UPDATE num SET n = 'NaN', f4 = 0, f8 = 0 WHERE id = 3;
UPDATE num SET n = 0, s = -99999999999999.999999, f4 = 3.4028235e38, f8 = 1.7976931348623157e308 WHERE id = 4;
DELETE FROM num WHERE id = 5;
INSERT INTO num VALUES (6, '-0.00', -0.0, -12345, -1.5, 1e22, 1, 1, 1);
