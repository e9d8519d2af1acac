-- title: All that sleep at the barrier are woken when it is opened
-- points: 2
-- level: core
-- run: rollcall
-- least: 3
-- hint: A CPU that sleeps does not look at a word in memory; cpu_hazard_raise() interrupts it.

-- By whoever has not gone on to the scheduler yet, which interrupts CPUs for reasons of its own.
WITH opened AS (SELECT min(id) AS id FROM boot_phase WHERE phase = 'information page finished'),
	went AS (SELECT cpu, min(id) AS id FROM boot_phase WHERE phase = 'first schedule' GROUP BY cpu),
	sleeper AS (SELECT DISTINCT cpu FROM boot_phase WHERE cpu > 0 AND phase = 'at the barrier'),
	woken AS (SELECT s.cpu, o.id, (SELECT count(*) FROM ipi_send i JOIN went w ON w.cpu = i.cpu
		WHERE i.target = s.cpu AND i.id > o.id AND i.id < w.id) AS times FROM sleeper s, opened o)
SELECT id, times >= 1 AS ok, printf('the barrier is opened, and nobody wakes CPU %d', cpu) AS what FROM woken ORDER BY cpu
