-- title: When a handle in the middle is closed, what was made from it stays, and can still be taken back
-- points: 3
-- level: core
-- run: tree
-- least: 4
-- hint: only its own number stops working; the tree has to close behind it.
SELECT id, ok, what FROM revokes WHERE name = 'moved up'
UNION ALL
SELECT id, value = 1, 'what was made from the closed handle works' FROM mark_instant WHERE name = 'closed'
ORDER BY 1
