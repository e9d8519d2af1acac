-- title: Taking back takes all that came of a handle, and nothing else
-- points: 4
-- level: core
-- run: tree
-- least: 12
-- hint: when a child is gone, whose children are its children?
SELECT id, ok, what FROM revokes WHERE name = 'expected'
UNION ALL
SELECT id, value = 1, 'what is left afterwards works, and nothing else does' FROM mark_instant WHERE name = 'left'
ORDER BY 1
