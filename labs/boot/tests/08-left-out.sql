-- title: CPUs that do not come are given 2 seconds in all, and are left out then
-- points: 3
-- level: stress
-- run: late
-- least: 6
-- hint: patience() ticks have to pass since started_at, for all of them; then whoever is first in start_leave() decides, and the other has to go by it.

-- CPU 1 comes when it is left out already, and CPU {broken} halts where it would leave the state STARTING.
WITH told AS (SELECT ts FROM boot_phase WHERE phase = 'all other CPUs told to start'), gone(cpu) AS (VALUES (1), ({broken}))
SELECT m.id, m.field_index IN (SELECT cpu FROM gone) AND m.reason = 'it never reported' AS ok,
	printf('CPU %d is left out: %s', m.field_index, m.reason) AS what FROM cpu_missing m
UNION ALL SELECT m.id, m.ts - t.ts BETWEEN 1990000000 AND 2100000000, printf('CPU %d is left out after %d ms, not 2000', m.field_index, (m.ts - t.ts) / 1000000)
	FROM cpu_missing m, told t
UNION ALL SELECT (SELECT max(id) FROM cpu_missing), (SELECT count(*) FROM cpu_missing m WHERE m.field_index = g.cpu) = 1,
	printf('CPU %d is left out %d times', g.cpu, (SELECT count(*) FROM cpu_missing m WHERE m.field_index = g.cpu)) FROM gone g
UNION ALL SELECT min(e.id), count(e.id) = 0, printf('CPU %d, which was left out, goes on', g.cpu) FROM gone g LEFT JOIN event e ON e.cpu = g.cpu
	AND (e.name = 'cpu_online' OR e.text GLOB '*at the barrier*' OR e.text GLOB '*first schedule*') GROUP BY g.cpu ORDER BY 1
