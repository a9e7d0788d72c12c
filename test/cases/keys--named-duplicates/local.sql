UPDATE twice SET value = value + 10;
UPDATE missing SET value = value + 10;
