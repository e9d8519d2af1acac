-- title: The second time takes no more memory than the first left
-- points: -4
-- level: stress
-- run: tree
-- least: 1
-- hint: count the rcu_call of handles, and of objects.
SELECT max(p.id) AS id, max(p.value) - min(p.value) <= 2 AS ok, (max(p.value) - min(p.value)) || ' pages are missing' AS what
FROM (SELECT id, value FROM mark_instant WHERE name = 'pages' ORDER BY id DESC LIMIT 2) p
