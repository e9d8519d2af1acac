-- title: stress: nobody who can run waits for long
-- points: 4
-- level: stress
-- run: crowd
-- after: 02-slices
-- least: 60
-- hint: Twelve threads, two CPUs: at most six on each, and nobody for more than a slice. Who was longest in the queue?

SELECT s.id, s.dur <= 8000000 AS ok, printf('%s could run and waited %.3f ms', t.name, s.dur / 1e6) AS what
FROM thread_state s JOIN thread t USING (thread) WHERE t.process_name = 'load' AND s.state IN ('created', 'runnable') AND s.dur IS NOT NULL ORDER BY s.id
