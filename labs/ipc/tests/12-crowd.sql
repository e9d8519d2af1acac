-- title: The same on four CPUs: nobody sleeps through anything
-- points: 3
-- level: stress
-- run: crowd
-- least: 100
-- hint: look at the last events of the thread that never woke; what did the other CPU do between two of them?
SELECT b.id,
  (SELECT count(*) FROM ipc_send s WHERE s.endpoint = b.object AND s.id < b.id)
    = (SELECT count(*) FROM ipc_receive r WHERE r.endpoint = b.object AND r.id < b.id)
    + (SELECT count(*) FROM ipc_cancel c WHERE c.endpoint = b.object AND c.id < b.id) AS ok,
  'thread ' || b.thread || ' goes to sleep at endpoint ' || b.object || ' although a message waits there' AS what
FROM thread_block b WHERE b.reason = 'waits for a message'
UNION ALL
SELECT p.id,
  EXISTS (SELECT 1 FROM thread_block b WHERE b.thread = p.caller AND b.reason = 'waits for a reply' AND b.id < p.id
    AND NOT EXISTS (SELECT 1 FROM thread_wake k WHERE k.thread = b.thread AND k.id > b.id AND k.id < p.id)),
  'the answer to 0x' || printf('%x', p.flow) || ' is there before thread ' || p.caller || ' waits for it'
FROM ipc_reply p JOIN ipc_send s ON s.flow = p.flow WHERE typeof(s.type) = 'integer'
ORDER BY 1
