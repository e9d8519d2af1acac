-- title: Taking back takes all that came of a handle, and nothing else
-- points: 4
-- level: core
-- run: tree
-- least: 12
-- hint: when a child is gone, whose children are its children?
SELECT m.id, r.value = m.value AND EXISTS (SELECT 1 FROM handle_revoke v WHERE v.id BETWEEN m.id AND r.id AND v.thread = m.thread AND v.revoked = m.value) AS ok,
  'revoked ' || r.value || ' of ' || m.value || ' handles' AS what
FROM mark_instant m JOIN mark_instant r ON r.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'revoked')
WHERE m.name = 'expected'
UNION ALL
SELECT id, value = 1, 'what is left afterwards works, and nothing else does' FROM mark_instant WHERE name = 'left'
ORDER BY 1
