-- title: A handle that is taken back on its way does not arrive, and is freed by its message alone
-- points: 3
-- level: stress
-- run: tree
-- least: 20
-- hint: both who revokes and the message that carries it want to end the handle; end() says who was first, and table whose it is.
SELECT m.id, r.value = m.value AND EXISTS (SELECT 1 FROM handle_revoke v WHERE v.id BETWEEN m.id AND r.id AND v.thread = m.thread AND v.revoked = m.value) AS ok,
  'revoked ' || r.value || ' of ' || m.value || ' handles' AS what
FROM mark_instant m JOIN mark_instant r ON r.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'revoked')
WHERE m.name = 'on its way'
UNION ALL
SELECT id, value = (1 << 16 | 15), 'the message brings ' || value FROM mark_instant WHERE name = 'arrived'
UNION ALL
SELECT m.id, EXISTS (SELECT 1 FROM object_destroy d WHERE d.object = m.object AND d.id > m.id), 'object ' || m.object || ' is freed at some time'
FROM object_create m WHERE m.id > (SELECT min(id) FROM mark_instant WHERE name = 'pages') AND m.id < (SELECT max(id) FROM mark_instant WHERE name = 'pages')
ORDER BY 1
