ALTER TABLE doc ALTER v TYPE int USING v::int;
ALTER TABLE wider ALTER v TYPE varchar(20);
UPDATE doc SET v = 2;
UPDATE wider SET v = 'b';
