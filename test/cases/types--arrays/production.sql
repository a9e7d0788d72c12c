CREATE TABLE a (id int PRIMARY KEY, i int[], t text[], m int[][], ts timestamptz[], b bytea[], j jsonb[], box box[], r int4range[], n numeric[], u uuid[], e varchar(3)[]);
INSERT INTO a (id, i, t, m, b, j, box, n, e) VALUES
  (1, '{1,2}', '{NULL}', '{{1,2},{3,4}}', '{"\\x00"}', '{"{\"a\": 1}"}', '{(1,1),(0,0);(2,2),(0,0)}', '{1.0}', '{a}'),
  (2, '{}', '{"NULL"}', '{}', '{}', '{}', '{}', '{NaN}', '{}'),
  (3, '[0:1]={1,2}', '{""}', '[2:3][-1:0]={{1,2},{3,4}}', NULL, NULL, NULL, NULL, NULL),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
