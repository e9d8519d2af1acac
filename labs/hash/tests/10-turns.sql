-- title: What one CPU replaces, the other one sees
-- points: 3
-- level: stress
-- run: turns
-- least: 900
-- hint: tlbie is broadcast, but an operation may only return when the last CPU has obeyed.
SELECT id, name = 'right' AS ok, printf('thread %d found something else in page %d than was stored there last', thread, value)
	AS what
FROM mark_instant WHERE name IN ('right', 'wrong') ORDER BY id
