-- title: A CPU takes its steps in order, each once
-- points: 3
-- level: core
-- run: rollcall
-- least: 24
-- hint: What needs boot_lock is done before it is given back; a CPU is online only when it has nothing left to do but wait.

WITH step(n, phase) AS (VALUES (1, 'kernel entered'), (2, 'boot_lock taken'), (3, 'per-CPU data there'), (4, 'CPU ready for traps, says what it has'),
		(5, 'boot_lock released'), (6, 'online'), (7, 'at the barrier'), (8, 'clock compared with CPU 0''s'), (9, 'first schedule')),
	seen AS (SELECT id, cpu, phase FROM boot_phase UNION ALL SELECT id, cpu, 'online' FROM cpu_online),
	cpu AS (SELECT DISTINCT cpu FROM seen WHERE cpu > 0),
	pair AS (SELECT c.cpu, a.phase AS first, b.phase AS then_, (SELECT min(id) FROM seen s WHERE s.cpu = c.cpu AND s.phase = a.phase) AS first_id,
		(SELECT min(id) FROM seen s WHERE s.cpu = c.cpu AND s.phase = b.phase) AS then_id,
		(SELECT count(*) FROM seen s WHERE s.cpu = c.cpu AND s.phase = b.phase) AS times FROM cpu c, step a JOIN step b ON b.n = a.n + 1)
SELECT ifnull(then_id, first_id) AS id, ifnull(first_id < then_id, 0) AND times = 1 AS ok,
	CASE WHEN times > 1 THEN printf('CPU %d: "%s" comes %d times', cpu, then_, times)
	ELSE printf('CPU %d: "%s" does not come after "%s"', cpu, then_, first) END AS what FROM pair ORDER BY 1
