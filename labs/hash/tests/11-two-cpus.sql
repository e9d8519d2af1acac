-- title: Two CPUs never put a page where another one still is
-- points: 2
-- level: stress
-- run: turns
-- after: 10-turns
-- least: 300
-- hint: Everything that changes the table holds table_lock from the first look to the last store.
SELECT * FROM placing ORDER BY id
