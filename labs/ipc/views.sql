-- What several tests look at.

-- The messages that are calls; `thread` waits for the answer.
CREATE TEMP VIEW calls AS SELECT s.id, s.flow, s.thread, s.endpoint
  FROM syscall c JOIN ipc_send s ON s.thread = c.thread AND s.id BETWEEN c.id AND c.end_id WHERE c.number = 'ipc_call';

-- What is handed over the moment it is sent: received by the CPU that sends, with the next events.
CREATE TEMP VIEW handed_over AS SELECT s.id, s.cpu, s.flow, s.thread, s.endpoint, r.thread AS receiver
  FROM ipc_send s JOIN ipc_receive r ON r.flow = s.flow AND r.cpu = s.cpu AND r.seq BETWEEN s.seq + 1 AND s.seq + 3;

-- Whoever goes to sleep for a message, and whether there was none; each answer, and whether its caller waited.
CREATE TEMP VIEW sleeping AS SELECT b.id,
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
FROM ipc_reply p JOIN ipc_send s ON s.flow = p.flow WHERE typeof(s.type) = 'integer';
