-- local.sql lets each value stand once as what is there before, and once as what comes.
CREATE TABLE v (id int PRIMARY KEY, a text, b text);
INSERT INTO v SELECT g, 'a' || chr(g) || 'b' || chr(g), 'control ' || g FROM generate_series(1, 32) g;
INSERT INTO v VALUES
  (33, '\n', 'backslash n literal'), (34, E'\n', 'newline'), (35, E'\r\n', 'crlf'), (36, E'\r', 'cr'), (37, '\x41', 'x'), (38, '\101', 'octal'),
  (39, '\N', 'literal backslash N'), (40, NULL, 'null'), (41, '', 'empty'), (42, '\.', 'eod'), (43, E'a\n\\.\nb', 'eod on own line'), (44, E'\\\n', 'backslash newline'),
  (45, ':id :''id'' :"id" :{?id}', 'psql variables'), (46, E'x\n\\connect evil\n\\! touch /tmp/rp-ran\n', 'meta-command'), (47, '`touch /tmp/rp-ran`', 'backtick'),
  (48, '$$ $state$ $body$ ; $$', 'dollars'), (49, E'it''s; -- not /* a comment */ \\', 'quotes'), (50, E'\u2028\u2029\u0085\u00a0', 'line separators'),
  (51, '😀👩‍👩‍👧‍👦🏳️‍🌈', 'astral'), (52, U&'\FEFF', 'BOM'), (53, chr(127), 'DEL'), (54, E'\u202Ertl\u202C', 'bidi'), (55, repeat('\', 7), 'backslashes'),
  (56, E'COPY x FROM stdin;\n1\t2\n\\.\n\n', 'copy'), (57, E'-- PostgreSQL database dump complete\n\\unrestrict x', 'trailer'), (58, ' leading and trailing ', 'spaces'),
  (59, E'\t\t', 'tabs'), (60, 'NULL', 'word NULL'), (61, 'null', 'word null'), (62, '\null', 'backslash null'), (63, E'\b\f\v', 'bfv'), (64, repeat('長', 300), 'multibyte'),
  (65, E'\u00e9', 'NFC'), (66, E'e\u0301', 'NFD'), (67, '\\N', 'two backslashes N'), (68, E'line1\rline2', 'bare CR'), (69, chr(1114111), 'U+10FFFF'), (70, chr(65535), 'U+FFFF'),
  (71, '{{state}} {{name}}', 'template'), (72, '%s %I %L %%', 'format'), (73, '''', 'quote'), (74, '\', 'one backslash'), (75, '\''', 'backslash quote'), (76, E'\\\n''; SELECT 1/0; --', 'break out'),
  (77, '\g', 'g'), (78, '\;', 'semicolon'), (79, E'\\if true\n\\else\n\\endif', 'if'), (80, 'COMMIT;', 'commit'), (81, E'\n  COMMIT;\n', 'commit on its own line'), (82, 'E''\n''', 'E string');
