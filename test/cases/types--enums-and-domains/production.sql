CREATE SCHEMA "od""d";
CREATE TYPE mood AS ENUM ('sad', 'hap''py', 'with space', 'comma,', 'quote"', 'back\slash', 'Ünï', ':x', '');
ALTER TYPE mood ADD VALUE 'later' BEFORE 'sad';
CREATE TYPE "od""d"."Mood" AS ENUM ('a', 'A');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE DOMAIN label AS varchar(10) NOT NULL DEFAULT 'none' CHECK (VALUE <> '');
CREATE DOMAIN moods AS mood[];
CREATE DOMAIN outer_label AS label;
CREATE TABLE feeling (id posint PRIMARY KEY, m mood, o "od""d"."Mood", p posint, l label, ol outer_label, ms mood[], d moods);
INSERT INTO feeling VALUES
  (1, 'sad', 'a', 1, 'x', 'y', '{sad,"hap''py"}', '{NULL}'),
  (2, 'hap''py', 'A', NULL, 'x', 'y', NULL, NULL),
  (3, 'quote"', 'a', 2147483647, 'x', 'y', '{}', '{}'),
  (4, '', NULL, 1, 'x', 'y', '{""}', '{"comma,"}');
