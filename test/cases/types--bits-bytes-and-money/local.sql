UPDATE raw SET b = '\x5c30', f = B'10100', v = B'0', m = 92233720368547758.07, one = B'0' WHERE id = 1;
UPDATE raw SET b = NULL, v = B'00', m = 0 WHERE id = 2;
DELETE FROM raw WHERE id = 3;
INSERT INTO raw VALUES (4, '\xc3c3c3', B'00001', B'1', -0.01, B'1');
