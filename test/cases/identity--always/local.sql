INSERT INTO always (v) VALUES ('d');
INSERT INTO always OVERRIDING SYSTEM VALUE VALUES (205, 'e');
UPDATE always SET v = 'A' WHERE id = 100;
DELETE FROM always WHERE id = 110;
INSERT INTO by_default VALUES (1000000000000, 'far');
DELETE FROM by_default WHERE id = 1;
UPDATE beside SET v = NULL WHERE code = 'x';
INSERT INTO beside (code, v) VALUES ('z', 'c');
DELETE FROM beside WHERE code = 'y';
