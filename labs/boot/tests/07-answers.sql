-- title: Every CPU answers the roll call {calls} times, on itself
-- points: 2
-- level: core
-- run: rollcall
-- least: 44
-- hint: If the kernel panics here, two CPUs may be in each other's way: is every stack used by one CPU only, and the whole of it?

SELECT id, cpu = value AS ok, printf('the answer of CPU %d comes from CPU %d', value, cpu) AS what FROM mark_instant WHERE name = 'here'
UNION ALL SELECT max(o.id), (SELECT count(*) FROM mark_instant m WHERE m.name = 'here' AND m.cpu = o.cpu) = {calls},
	printf('CPU %d answers %d times, not {calls}', o.cpu, (SELECT count(*) FROM mark_instant m WHERE m.name = 'here' AND m.cpu = o.cpu))
	FROM cpu_online o GROUP BY o.cpu ORDER BY 1
