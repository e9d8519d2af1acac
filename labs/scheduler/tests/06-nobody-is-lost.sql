-- title: Every thread that was made has run to its end
-- points: 3
-- level: core
-- run: crowd
-- after: 02-slices
-- least: 13
-- hint: A thread is in one queue, or runs, or is blocked; follow the one that is missing through the trace.

SELECT c.id, t.end_ts IS NOT NULL AND EXISTS (SELECT 1 FROM thread_state s WHERE s.thread = t.thread AND s.state = 'running') AS ok,
	t.name || ' never ends' AS what
FROM thread t JOIN thread_create c USING (thread) WHERE t.process_name = 'load' ORDER BY c.id
