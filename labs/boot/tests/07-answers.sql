-- title: Every CPU answers the roll call {calls} times, on itself
-- points: 2
-- level: core
-- run: rollcall
-- least: 48
-- hint: If the kernel panics here, two CPUs may be in each other's way: is every stack used by one CPU only, and the whole of it?

WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	said AS (SELECT n, (SELECT count(*) FROM mark_instant m WHERE m.name = 'here' AND m.cpu = n) AS times,
		(SELECT max(id) FROM cpu_online o WHERE o.cpu = n) AS id FROM each)
SELECT id, cpu = value AS ok, printf('the answer of CPU %d comes from CPU %d', value, cpu) AS what FROM mark_instant WHERE name = 'here'
UNION ALL SELECT id, times = {calls}, printf('CPU %d answers %d times, not {calls}', n, times) FROM said ORDER BY 1
