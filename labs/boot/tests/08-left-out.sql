-- title: A CPU that does not come is given 2 seconds, and is left out then
-- points: 3
-- level: stress
-- run: broken
-- least: 3
-- hint: patience() ticks have to pass since started_at; then whoever is first in start_leave() decides, and only CPU 0 says cpu_missing.

-- CPU {broken} halts where it would leave the state STARTING.
WITH told AS (SELECT ts FROM boot_phase WHERE phase = 'all other CPUs told to start')
SELECT m.id, m.field_index = {broken} AND m.reason = 'it never reported' AS ok, printf('CPU %d is left out: %s', m.field_index, m.reason) AS what FROM cpu_missing m
UNION ALL SELECT m.id, m.ts - t.ts BETWEEN 1990000000 AND 2100000000, printf('CPU %d is left out after %d ms, not 2000', m.field_index, (m.ts - t.ts) / 1000000)
	FROM cpu_missing m, told t
UNION ALL SELECT max(id), count(*) = 1, printf('%d CPUs are left out, not 1', count(*)) FROM cpu_missing
UNION ALL SELECT max(id), count(*) = 0, 'CPU {broken}, which was left out, goes on' FROM event
	WHERE cpu = {broken} AND (name = 'cpu_online' OR text GLOB '*at the barrier*' OR text GLOB '*first schedule*') ORDER BY 1
