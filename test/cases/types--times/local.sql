SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
UPDATE moment SET d = '0044-03-15 BC', t = '00:00', tt = '23:59:59-15:59:59', ts = '4713-01-01 00:00:00 BC', ts3 = '2000-01-01 00:00:00.001', tz = '0044-03-15 12:00:00+00 BC', i = '178000000 years', ids = '1 day 02:03:04.57', iym = '13 months' WHERE id = 1;
UPDATE moment SET d = '-infinity', ts = '-infinity', tz = '-infinity', i = '30 days' WHERE id = 2;
DELETE FROM moment WHERE id = 3;
UPDATE moment SET tz = '2024-10-27 01:30:00+00', i = '-14 mons +3 days -04:05:06.7' WHERE id = 4;
UPDATE moment SET d = '2024-03-02', ts = '2024-03-02 04:05:06', tz = '2024-02-03 04:05:06-05', i = '24:00:00' WHERE id = 5;
INSERT INTO moment VALUES (6, '5874897-12-31', '12:34', '12:34+00', '2024-12-31 23:59:60', NULL, '2024-03-10 02:30:00 America/New_York', '1 day', '00:00:00.01', '-1 mons');
