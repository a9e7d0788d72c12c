CREATE TYPE pair AS (x int, "Y y" text);
CREATE TYPE nested AS (p pair, arr text[], r int4range);
CREATE DOMAIN pairs AS pair[];
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");
CREATE TABLE shape (id int PRIMARY KEY, p pair, n nested, ps pairs, whole pair);
INSERT INTO shape VALUES
  (1, ROW(1, 'a'), ROW(ROW(NULL, ''), ARRAY['x,y', NULL], '[1,3)'), ARRAY[ROW(1, NULL)::pair, NULL], NULL),
  (2, ROW(NULL, NULL), NULL, '{}', ROW(1, '')),
  (3, NULL, ROW(NULL, NULL, NULL), NULL, ROW(1, NULL));
CREATE TABLE span (id int PRIMARY KEY, i4 int4range, i8 int8range, n numrange, ts tsrange, tz tstzrange, d daterange, t textrange, im int4multirange, tm textmultirange, tzm tstzmultirange);
INSERT INTO span VALUES
  (1, 'empty', '(,5]', '[1.10,2.20)', '(-infinity,infinity)', '[2000-01-01 00:00+00,)', '[2000-01-01,2000-02-01]', '["a,b","c""d)"]', '{[1,3),[5,8)}', '{[a,b),["c,","d\"")}', '{}'),
  (2, '(,)', NULL, 'empty', NULL, NULL, NULL, '(,)', '{}', NULL, '{(,)}');
