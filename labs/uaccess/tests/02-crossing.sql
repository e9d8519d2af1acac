-- title: A result that lies across two pages arrives in both
-- points: 2
-- level: warm-up
-- run: whole
-- least: 6
-- hint: a buffer of less than a page may still need two pins.
SELECT id, value = 1 AS ok, 'a result across a border' AS what FROM mark_instant WHERE name = 'crossing' ORDER BY id
