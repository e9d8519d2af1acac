-- title: What was sent first is received first
-- points: 2
-- level: core
-- run: pairs
-- least: 24
-- hint: one end of the list is where messages come in, the other where they go out.
SELECT r.id,
  r.id > ifnull(lag(r.id) OVER (PARTITION BY s.endpoint, typeof(s.type) ORDER BY s.id), 0) AS ok,
  'the message 0x' || printf('%x', s.flow) || ' was sent to endpoint ' || s.endpoint || ' after one that is received later' AS what
FROM ipc_send s JOIN ipc_receive r ON r.flow = s.flow
ORDER BY r.id
