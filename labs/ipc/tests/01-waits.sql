-- title: Who receives where nothing waits is blocked
-- points: 2
-- level: warm-up
-- run: boot
-- hint: wait_block() blocks the current thread on a queue; its status is what the call returns.
SELECT s.id,
  EXISTS (SELECT 1 FROM thread_block b WHERE b.thread = s.thread AND b.id BETWEEN s.id AND s.end_id AND b.reason = 'waits for a message') AS ok,
  'thread ' || s.thread || ' receives, nothing waits, and it is told ' || s.status AS what
FROM syscall s
WHERE s.number IN ('ipc_receive', 'ipc_reply_receive')
  AND NOT EXISTS (SELECT 1 FROM ipc_receive r WHERE r.thread = s.thread AND r.id BETWEEN s.id AND s.end_id)
ORDER BY s.id
