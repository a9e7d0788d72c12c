CREATE EXTENSION ltree;
CREATE EXTENSION cube;
CREATE TABLE oth (id int PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8, p point, l line, s lseg, b box, pa path, po polygon, ci circle, u uuid, lsn pg_lsn, x8 xid8, rc regclass, rt regtype, ro regoperator, rr regrole, oc oidvector, lt ltree, cu cube, bo bool);
INSERT INTO oth VALUES
  (1, '::ffff:1.2.3.4/128', '10.1.0.0/16', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '(1.1,-0)', '{1,-1,0}', '[(0,0),(1,1)]', '((2,2),(0,0))', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(1,1),2.5>', '00000000-0000-0000-0000-000000000000', 'FFFFFFFF/FFFFFFFF', '18446744073709551615', 'oth', 'timestamp with time zone[]', 'pg_catalog.+(int4,int4)', 'pg_read_all_data', '1 2 3', 'Top.Science', '(1,2),(3,4)', true),
  (2, '10.0.0.1', NULL, NULL, NULL, '(NaN,Infinity)', NULL, NULL, '((1,1),(0,0))', '((0,0),(1,1),(2,0))', NULL, '<(0,0),1>', NULL, '0/0', '0', 'pg_class', 'int', NULL, NULL, '', '', '(0)', NULL);
