-- title: New threads go where there is least to do
-- points: 4
-- level: core
-- run: uneven
-- least: 4
-- hint: Count who waits and who runs; look at every CPU that the thread may run on.

-- One millisecond after the last of them was made, each CPU has begun to run one.
WITH made AS (SELECT max(c.id) AS id, max(c.ts) AS ts FROM thread_create c JOIN thread t USING (thread) WHERE t.process_name = 'load' AND t.name LIKE 'thread %')
SELECT m.id, EXISTS (SELECT 1 FROM thread_switch s JOIN thread t ON t.thread = s.next WHERE s.cpu = o.cpu AND t.process_name = 'load'
		AND t.name LIKE 'thread %' AND s.ts < m.ts + 1000000) AS ok,
	'CPU ' || o.cpu || ' has none of the threads a millisecond after the last was made' AS what
FROM cpu_online o, made m ORDER BY o.cpu
