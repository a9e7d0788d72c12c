UPDATE doc SET j = '{"b":1}', jb = '{"b": 1.0}', x = '<a b=''1''>x &amp; y</a>', h = '"k"=>"V", "x"=>"y=>z, \"\\"', c = 'mixed', cs = '{a,B}', p = '$."it''s"', v = '''\\back'':4', q = '''x y''' WHERE id = 1;
UPDATE doc SET j = NULL, jb = '[]', x = 'plain', h = NULL, c = NULL, cs = '{""}', v = NULL, q = NULL WHERE id = 2;
DELETE FROM doc WHERE id = 3;
INSERT INTO doc VALUES (4, '"\u0000"', '"\\u0000"', ' ', 'a=>NULL', 'ß', '{ß,NULL}', 'strict $.x', 'x', 'y & z');
