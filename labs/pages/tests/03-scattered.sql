-- title: Each page holds what was stored there
-- points: 2
-- level: core
-- run: paths
-- least: 60
-- hint: Two addresses that differ in one index have to part at that level.

SELECT id, name = 'right' AS ok, printf('the word at 0x%x is not the one that was stored there', value) AS what
FROM mark_instant WHERE name IN ('right', 'wrong') ORDER BY id
