CREATE TABLE moment (id int PRIMARY KEY, d date, t time, tt timetz, ts timestamp, ts3 timestamp(3), tz timestamptz, i interval, ids interval day to second(2), iym interval year to month);
INSERT INTO moment VALUES
  (1, '4713-01-01 BC', '24:00:00', '23:59:59+15:59:59', '294276-12-31 23:59:59.999999', '2000-01-01 00:00:00.0005', '-infinity', '-178000000 years', '1 day 02:03:04.567', '1 year'),
  (2, 'infinity', '00:00', '00:00:00+05:45', 'infinity', NULL, 'infinity', '1 mon', NULL, NULL),
  (3, '-infinity', '12:00:00.123456', '12:00:00.1-08', '-infinity', NULL, '1883-11-18 12:03:57+00', '1 mon -1 day +00:00:00.000001', NULL, NULL),
  (4, '0001-01-01', '23:59:59.999999', NULL, '0001-01-01 00:00:00 BC', NULL, '2024-10-27 00:30:00+00', '-1 year -2 mons +3 days -04:05:06.7', NULL, NULL),
  (5, '2024-02-03', NULL, NULL, '2024-02-03 04:05:06', NULL, '2024-02-03 04:05:06+00', '0', NULL, NULL);
DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET timezone = ''America/New_York''', current_database());
  EXECUTE format('ALTER DATABASE %I SET datestyle = ''German''', current_database());
  EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''sql_standard''', current_database());
END $$;
