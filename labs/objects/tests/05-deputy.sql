-- title: Nobody gets done by a deputy what he may not do himself
-- points: 3
-- level: core
-- run: rights
-- least: 4
-- hint: a handle in a message is made from the handle of the client, with the rights of the client.
SELECT t.id, t.told = CASE WHEN row_number() OVER (ORDER BY t.id) = 1 THEN 2 ELSE 0 END AS ok,
  'the deputy writes with the handle that its client gave, and is told ' || t.told AS what
FROM tries t WHERE t.name = 'deputy'
UNION ALL
SELECT p.id, p.rights = CASE WHEN row_number() OVER (ORDER BY p.id) = 1 THEN 65 ELSE 127 END,
  'the handle came with the rights ' || p.rights
FROM handle_pass p JOIN thread t ON t.thread = p.thread
WHERE t.process_name = 'deputy' AND p.id > (SELECT id FROM mark_instant WHERE name = 'client may not')
ORDER BY 1
