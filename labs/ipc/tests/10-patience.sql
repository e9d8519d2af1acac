-- title: A call whose caller waits no more is never received, and an answer to it goes nowhere
-- points: 3
-- level: stress
-- run: patience
-- least: 8
-- hint: the clock takes the caller off the queue it waits on; who finds that queue empty knows.
WITH late AS (
  SELECT c.*, (SELECT min(k.id) FROM thread_wake k WHERE k.thread = c.thread AND k.id > c.id) AS wake_id FROM calls c)
SELECT l.id,
  NOT EXISTS (SELECT 1 FROM ipc_receive r WHERE r.flow = l.flow AND r.id > l.wake_id)
    AND NOT EXISTS (SELECT 1 FROM ipc_reply p WHERE p.flow = l.flow AND p.caller <> 0) AS ok,
  'the call 0x' || printf('%x', l.flow) || ' of thread ' || l.thread || ', which lost patience' AS what
FROM late l JOIN thread_wake k ON k.id = l.wake_id AND k.reason = 'its time has come'
ORDER BY l.id
