-- title: What somebody still uses is there
-- points: 1
-- level: core
-- run: tree
-- least: 24
-- handout: pass
-- hint: a mapping, a second handle and a message each have a reference of their own.
SELECT id, value = 1 AS ok, 'it is used after its first handle was closed' AS what FROM mark_instant WHERE name = 'used' ORDER BY id
