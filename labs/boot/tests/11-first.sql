-- title: Whoever leaves the state STARTING first decides: a CPU that comes just as CPU 0 gives up on it is in
-- points: 2
-- level: stress
-- run: close
-- least: 4
-- hint: start_leave() says whether you were first. CPU 0 may be the second, and has to go by it.

-- CPU 1 is first by a hair: starting.c lets it.
WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	said AS (SELECT n, (SELECT count(*) FROM cpu_online o WHERE o.cpu = n) AS online,
		(SELECT count(*) FROM cpu_missing m WHERE m.field_index = n AND m.reason = 'it never reported') AS missing,
		(SELECT max(id) FROM cpu_missing m WHERE m.field_index = n) AS id FROM each)
SELECT id, online = 1 AND missing = 0 AS ok, printf('CPU %d comes online %d times, and CPU 0 leaves it out %d times', n, online, missing) AS what FROM said
UNION ALL SELECT max(id), count(*) = 1, printf('CPU 1 came in time, and gets to the scheduler %d times', count(*))
	FROM boot_phase WHERE cpu = 1 AND phase = 'first schedule' ORDER BY 1
