-- title: The messages of the kernel come before those of threads
-- points: 2
-- level: stress
-- run: patience
-- least: 6
-- hint: a page that somebody waits for holds up more than its own thread.
SELECT s.id,
  NOT EXISTS (SELECT 1 FROM ipc_receive o WHERE o.endpoint = s.endpoint AND typeof(o.type) = 'integer' AND o.id > s.id
    AND o.id < ifnull((SELECT min(r.id) FROM ipc_receive r WHERE r.flow = s.flow), 1 << 60)) AS ok,
  'the request 0x' || printf('%x', s.flow) || ' for a page waits while a message of a thread is received' AS what
FROM ipc_send s WHERE s.type = 'PAGE_READ' ORDER BY s.id
