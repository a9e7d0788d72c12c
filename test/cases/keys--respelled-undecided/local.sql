UPDATE tag SET name = 'blue' WHERE name = 'Blue';
