UPDATE "Ünï cødé"."Weird ""Table"" näme; -- x" SET "col ""q""" = 'q', "sel ect" = 's', "from" = 'f', "日本語" = '値', U&"tab\0009col" = E'\t', "back\slash" = '\', "it's" = '''', "$dollar$" = '$$', "$state$" = '$state$', U&"new\000aline" = E'\n', U&"cr\000dcol" = E'\r', "col%s" = '%', "%I" = '%I', "a,b" = ',', "(paren)" = ')', "😀" = '😀', "UPPER" = 'U', ":colon" = ':c', ":'x'" = ':''x''', "`tick`" = '`tick`', "\! touch /tmp/rp-ran" = '\! touch /tmp/rp-ran', "{{state}}" = '{{state}}' WHERE "I""d" = 1;
DELETE FROM "Ünï cødé"."Weird ""Table"" näme; -- x" WHERE "I""d" = 2;
INSERT INTO "Ünï cødé"."Weird ""Table"" näme; -- x" ("I""d", "$state$") VALUES (4, '$state$1');
UPDATE "new
line \! touch /tmp/rp-ran
\echo `touch /tmp/rp-ran`" SET v = 'v' WHERE v = 'x';
DELETE FROM "new
line \! touch /tmp/rp-ran
\echo `touch /tmp/rp-ran`" WHERE v <> 'v';
INSERT INTO "new
line \! touch /tmp/rp-ran
\echo `touch /tmp/rp-ran`" VALUES (E'\\! touch /tmp/rp-ran', E'\n\\! touch /tmp/rp-ran\n');
UPDATE "a.b"."c.d" SET "g""h.i" = '"a.b"."c.d"' WHERE "e.f" = 1;
INSERT INTO "a.b"."c.d" VALUES (3, 'z');
DELETE FROM "a.b".c WHERE "d.e" = 1;
INSERT INTO "sch""e:ma"."$shape$ :'y' %L" ("$effects$") VALUES (':''y'''), ('%L');
UPDATE "sch""e:ma"."ch'ild" SET "r'ef" = 3;
DELETE FROM "sch""e:ma"."$shape$ :'y' %L" WHERE ":id" = 1;
UPDATE "éééééééééééééééééééééééééééééé63b" SET "ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" = 'ß';
UPDATE "UPPER" SET v = 'Upper';
INSERT INTO upper VALUES (2, 'new');
UPDATE "select" SET "table" = 'having', "order" = NULL WHERE "user" = 1;
DELETE FROM "select" WHERE "user" = 2;
UPDATE proto SET "constructor" = 'x', "toString" = NULL WHERE __proto__ = 1;
DELETE FROM proto WHERE __proto__ = 2;
INSERT INTO proto VALUES (3, 'x', 'y', 'z');
UPDATE __proto__ SET __proto__ = 'x' WHERE id = 1;
DELETE FROM __proto__ WHERE id = 2;
INSERT INTO __proto__ VALUES (3, 'c');
