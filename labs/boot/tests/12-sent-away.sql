-- title: A CPU that is sent away at the barrier does not pass it
-- points: 2
-- level: stress
-- run: close
-- least: 5
-- hint: It sleeps while CPU 0 sends it away, and may find the barrier open when it wakes.

-- The clock of CPU 3 is not in step.
WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	went AS (SELECT n, (SELECT count(*) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'first schedule') AS times,
		(SELECT max(id) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'first schedule') AS id FROM each)
SELECT id, times = (n <> 3) AS ok, printf('CPU %d gets past the barrier %d times', n, times) AS what FROM went
UNION ALL SELECT max(id), count(*) = 1, printf('CPU 3 is sent away %d times for its clock', count(*))
	FROM cpu_missing WHERE field_index = 3 AND reason = 'its clock is not in step with CPU 0''s' ORDER BY 1
