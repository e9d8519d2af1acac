-- title: No CPU is idle while a thread waits for another
-- points: 4
-- level: core
-- run: uneven
-- least: 4
-- hint: run_queue_take() is asked before a CPU becomes idle: what does it do if its own queue is empty?

-- Rounds of the CPUs and interrupts take their time: half a millisecond.
WITH queued AS MATERIALIZED (SELECT * FROM waits),
	spell AS (SELECT i.id, i.cpu, i.ts, i.ts + i.dur AS until FROM idle i, mark m WHERE m.name = 'load' AND i.ts + i.dur > m.ts AND i.ts < m.ts + m.dur)
SELECT s.id, w.name IS NULL AS ok, printf('CPU %d is idle for %.3f ms while %s waits', s.cpu, (s.until - s.ts) / 1e6, w.name) AS what
FROM spell s LEFT JOIN queued w ON min(w.until, s.until) - max(w.ts, s.ts) > 500000 GROUP BY s.id ORDER BY s.id
