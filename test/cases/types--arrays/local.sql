UPDATE a SET i = '[0:1]={1,2}', t = '{"NULL"}', m = '{{1,2},{3,5}}', b = '{"\\x5c27",NULL}', j = '{null,NULL}', box = '{(1,1),(0,0)}', n = '{1.00}', e = '{abc}' WHERE id = 1;
UPDATE a SET i = '{NULL}', t = ARRAY['', 'NULL', NULL, 'a,b', '{x}', '"', '\', E'\n\t', ' sp ', ':x', '$$', ''''], ts = '{infinity,"0044-03-15 00:00:00+00 BC"}' WHERE id = 2;
UPDATE a SET i = '{1,2}', t = '{}', m = '[1:2][-1:0]={{1,2},{3,4}}', r = '{empty,"[1,2)"}' WHERE id = 3;
UPDATE a SET i = '{}', t = '{}', u = '{00000000-0000-0000-0000-000000000000}' WHERE id = 4;
INSERT INTO a (id, i, t) VALUES (5, '[-2147483648:-2147483647]={1,2}', '{"{\"quoted\"}"}');
