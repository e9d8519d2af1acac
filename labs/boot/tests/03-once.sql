-- title: Each CPU comes online once, and is counted once
-- points: 2
-- level: core
-- run: rollcall
-- least: 5
-- hint: Who is online is decided by start_leave(), once; CPU 0 counts those that left for ONLINE, and itself.

WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	came AS (SELECT n, (SELECT count(*) FROM cpu_online o WHERE o.cpu = n) AS times, (SELECT max(id) FROM cpu_online o WHERE o.cpu = n) AS id,
		(SELECT count(*) FROM cpu_online o, cpu_online p WHERE p.cpu = n AND o.cpu <> n AND o.hw_id = p.hw_id) AS twins FROM each)
SELECT id, times = 1 AND twins = 0 AS ok, printf('CPU %d comes online %d times, and %d others have its number', n, times, twins) AS what FROM came
UNION ALL SELECT (SELECT min(id) FROM boot_phase WHERE cpu = 0 AND phase = 'at the barrier'), cpus_online = (SELECT count(DISTINCT cpu) FROM cpu_online),
	printf('%d CPUs came online, and %d were counted', (SELECT count(DISTINCT cpu) FROM cpu_online), cpus_online) FROM run ORDER BY 1
