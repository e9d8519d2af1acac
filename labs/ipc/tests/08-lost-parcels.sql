-- title: A handle that cannot arrive is dropped, and the receiver told why
-- points: 3
-- level: core
-- run: parcels
-- least: 6
-- hint: until it is in a table it is the message's, and goes with it when that is freed.
SELECT m.id,
  l.value = (1 << 16 | m.value) AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id > m.id AND f.id < l.id AND f.thread = l.thread AND f.handle = 0 AND f.object <> 0) AS ok,
  m.name || ': the receiver is told ' || l.value AS what
FROM mark_instant m JOIN mark_instant l ON l.id = (SELECT min(n.id) FROM mark_instant n WHERE n.name = 'lost' AND n.id > m.id)
WHERE m.name IN ('no room', 'taken back')
UNION ALL
SELECT c.id, EXISTS (SELECT 1 FROM object_destroy d WHERE d.object = c.object AND d.id < (SELECT id FROM mark_instant WHERE name = 'stop')),
  'object ' || c.object || ', which nobody has a handle of any more'
FROM object_create c WHERE c.id > (SELECT id FROM mark_instant WHERE name = 'start') AND c.id < (SELECT id FROM mark_instant WHERE name = 'stop')
ORDER BY 1
