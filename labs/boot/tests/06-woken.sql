-- title: Whoever opens the barrier wakes all that sleep there
-- points: 3
-- level: core
-- run: rollcall
-- least: 3
-- hint: A CPU that sleeps does not look at a word in memory; cpu_hazard_raise() interrupts it.

WITH opened AS (SELECT (SELECT min(id) FROM boot_phase WHERE phase = 'information page finished') AS begin,
		(SELECT min(id) FROM boot_phase WHERE cpu = 0 AND phase = 'first schedule') AS end),
	sleeper AS (SELECT DISTINCT cpu FROM boot_phase WHERE cpu > 0 AND phase = 'at the barrier'),
	woken AS (SELECT s.cpu, o.end, (SELECT count(*) FROM ipi_send i WHERE i.target = s.cpu AND i.id BETWEEN o.begin AND o.end) AS times
	FROM sleeper s, opened o)
SELECT end AS id, times >= 1 AS ok, printf('CPU 0 opens the barrier and goes on, and CPU %d is interrupted %d times', cpu, times) AS what FROM woken ORDER BY cpu
