-- title: Who computes is interrupted when others wait
-- points: 3
-- level: warm-up
-- run: slices
-- least: 8
-- hint: Two places: what the timer is set to, and what is done when it comes.

-- A slice is 0.75 to 1.25 ms; a little more passes until the switch.
SELECT s.id, s.dur <= 1400000 AS ok, printf('%s runs for %.3f ms while others wait', t.name, s.dur / 1e6) AS what
FROM thread_state s JOIN thread t USING (thread)
WHERE t.process_name = 'load' AND s.state = 'running' AND t.name LIKE 'thread %' AND EXISTS (SELECT 1 FROM waits o
	WHERE o.thread != s.thread AND o.ts <= s.ts AND o.until >= s.ts + s.dur)
ORDER BY s.id
