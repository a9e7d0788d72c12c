CREATE SCHEMA "Ünï cødé";
CREATE SCHEMA "a.b";
CREATE SCHEMA "sch""e:ma";
CREATE TABLE "Ünï cødé"."Weird ""Table"" näme; -- x" (
  "I""d" int PRIMARY KEY, "col ""q""" text, "sel ect" text, "from" text, "日本語" text, U&"tab\0009col" text, "back\slash" text, "it's" text, "$dollar$" text, "$state$" text, U&"new\000aline" text, U&"cr\000dcol" text, "col%s" text, "%I" text, "a,b" text, "(paren)" text, "😀" text, "UPPER" text, ":colon" text, ":'x'" text, "`tick`" text, "\! touch /tmp/rp-ran" text, "{{state}}" text);
INSERT INTO "Ünï cødé"."Weird ""Table"" näme; -- x" ("I""d", "it's", "$state$") VALUES (1, 'a', 'b'), (2, 'a', 'b'), (3, 'a', 'b');
CREATE TABLE "new
line \! touch /tmp/rp-ran
\echo `touch /tmp/rp-ran`" ("k\n
1" text PRIMARY KEY, v text);
INSERT INTO "new
line \! touch /tmp/rp-ran
\echo `touch /tmp/rp-ran`" VALUES ('x', 'x'), (E'y\nz', E'y\nz');
CREATE TABLE "a.b"."c.d" ("e.f" int PRIMARY KEY, "g""h.i" text);
INSERT INTO "a.b"."c.d" VALUES (1, 'x'), (2, 'y');
CREATE TABLE "a.b".c ("d.e" int PRIMARY KEY, "f" text);
INSERT INTO "a.b".c VALUES (1, 'x'), (2, 'y');
CREATE TABLE "sch""e:ma"."$shape$ :'y' %L" (":id" serial PRIMARY KEY, "$effects$" text UNIQUE);
INSERT INTO "sch""e:ma"."$shape$ :'y' %L" ("$effects$") VALUES ('x'), ('y');
CREATE TABLE "sch""e:ma"."ch'ild" (id int PRIMARY KEY, "r'ef" int CONSTRAINT "f""k' -- :z" REFERENCES "sch""e:ma"."$shape$ :'y' %L" DEFERRABLE);
INSERT INTO "sch""e:ma"."ch'ild" VALUES (1, 1);
CREATE TABLE "éééééééééééééééééééééééééééééé63b" (id int PRIMARY KEY, "ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" text);
INSERT INTO "éééééééééééééééééééééééééééééé63b" VALUES (1, 'long identifier');
CREATE TABLE "UPPER" (id int PRIMARY KEY, v text);
CREATE TABLE upper (id int PRIMARY KEY, v text);
INSERT INTO "UPPER" VALUES (1, 'UPPER');
INSERT INTO upper VALUES (1, 'lower');
CREATE TABLE "select" ("user" int PRIMARY KEY, "table" text, "order" text DEFAULT 'd');
INSERT INTO "select" VALUES (1, 'group', 'by'), (2, NULL, '');
CREATE TABLE proto (__proto__ int PRIMARY KEY, "constructor" text, "toString" text, "hasOwnProperty" text);
INSERT INTO proto VALUES (1, 'a', 'b', 'c'), (2, NULL, NULL, NULL);
CREATE TABLE __proto__ (id int PRIMARY KEY, __proto__ text);
INSERT INTO __proto__ VALUES (1, 'a'), (2, 'b');
