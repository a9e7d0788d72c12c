CREATE SEQUENCE down INCREMENT -1 START -1;
CREATE TABLE doc (id int PRIMARY KEY DEFAULT nextval('down'), v text);
INSERT INTO doc (v) VALUES ('a'), ('b');
