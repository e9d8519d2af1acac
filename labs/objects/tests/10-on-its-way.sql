-- title: A handle that is taken back on its way does not arrive, and is freed by its message alone
-- points: 3
-- level: stress
-- run: tree
-- least: 20
-- hint: both who revokes and the message that carries it want to end the handle; end() says who was first, and table whose it is.
SELECT id, ok, what FROM revokes WHERE name = 'on its way'
UNION ALL
SELECT id, value = (1 << 16 | 15), 'the message brings ' || value FROM mark_instant WHERE name = 'arrived'
UNION ALL
SELECT m.id, EXISTS (SELECT 1 FROM object_destroy d WHERE d.object = m.object AND d.id > m.id), 'object ' || m.object || ' is freed at some time'
FROM object_create m WHERE m.id > (SELECT min(id) FROM mark_instant WHERE name = 'pages') AND m.id < (SELECT max(id) FROM mark_instant WHERE name = 'pages')
ORDER BY 1
