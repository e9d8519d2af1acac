-- title: The others go on without them
-- points: 3
-- level: stress
-- run: late
-- least: 3
-- hint: Who is left out is one CPU's business: the next in the loop is looked at all the same, and only those that are there are counted.

WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	went AS (SELECT n, (SELECT count(*) FROM cpu_online o WHERE o.cpu = n) AS times,
		(SELECT min(id) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'first schedule') AS id FROM each WHERE n NOT IN (1, {broken}))
SELECT id, ifnull(times = 1 AND id > (SELECT max(id) FROM cpu_missing), 0) AS ok,
	CASE WHEN id IS NULL THEN printf('CPU %d, online %d times, never schedules', n, times)
	ELSE printf('CPU %d, online %d times, schedules before CPUs 1 and {broken} are left out', n, times) END AS what FROM went
UNION ALL SELECT (SELECT max(id) FROM cpu_missing), cpus_online = cpus - 2, printf('%d of %d CPUs are counted as online', cpus_online, cpus) FROM run ORDER BY 1
