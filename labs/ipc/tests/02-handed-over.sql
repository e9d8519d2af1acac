-- title: A message that comes to a thread which waits is received by it at once
-- points: 2
-- level: warm-up
-- run: boot
-- least: 2
-- hint: wait_take() says who has waited longest; that thread has the message, and is awake, before the lock is given back.
WITH waits AS (
  SELECT b.thread, b.object AS endpoint, b.id AS from_id, (SELECT min(k.id) FROM thread_wake k WHERE k.thread = b.thread AND k.id > b.id) AS to_id
  FROM thread_block b WHERE b.reason = 'waits for a message')
SELECT s.id, s.id IN (SELECT id FROM handed_over) AS ok,
  'the message 0x' || printf('%x', s.flow) || ' to endpoint ' || s.endpoint || ', where thread ' || min(w.thread) || ' waits' AS what
FROM ipc_send s JOIN waits w ON w.endpoint = s.endpoint AND w.from_id < s.id AND (w.to_id IS NULL OR w.to_id > s.id)
GROUP BY s.id ORDER BY s.id
