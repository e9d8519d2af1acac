-- title: When a handle in the middle is closed, what was made from it stays, and can still be taken back
-- points: 3
-- level: core
-- run: tree
-- least: 4
-- hint: only its own number stops working; the tree has to close behind it.
SELECT m.id, r.value = m.value AND EXISTS (SELECT 1 FROM handle_revoke v WHERE v.id BETWEEN m.id AND r.id AND v.thread = m.thread AND v.revoked = m.value) AS ok,
  'revoked ' || r.value || ' of ' || m.value || ' handles' AS what
FROM mark_instant m JOIN mark_instant r ON r.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'revoked')
WHERE m.name = 'moved up'
UNION ALL
SELECT id, value = 1, 'what was made from the closed handle works' FROM mark_instant WHERE name = 'closed'
ORDER BY 1
