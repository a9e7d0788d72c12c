UPDATE doc SET v = 'A';
