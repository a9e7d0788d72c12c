CREATE SCHEMA ext;
CREATE EXTENSION hstore SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE TABLE doc (id int PRIMARY KEY, j json, jb jsonb, x xml, h ext.hstore, c ext.citext, cs ext.citext[], p jsonpath, v tsvector, q tsquery);
INSERT INTO doc VALUES
  (1, '{"b": 1, "a" : [1,  2], "a": null}', '{"b": 1.00, "a": "\u00e9\\n"}', '<a b="1">x &amp; y<!-- c --></a>', '"k"=>"v", "nul"=>NULL, "q\"uote"=>"a\\b", ""=>""', 'MiXeD', '{A,b}', '$.a[*] ? (@.b > 1)', '''a b'':1A,3 ''it''''s'':2B', '''a'' & !''b'' <-> ''c'':*AB'),
  (2, 'null', 'null', '', '', '', '{}', '$', '', ''),
  (3, '[]', '{}', '<?xml version="1.0"?><r/>', 'a=>1', 'x', NULL, NULL, 'fat:2,4 cat:3', 'x');
