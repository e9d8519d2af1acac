-- title: Who comes first is served first
-- points: 3
-- level: warm-up
-- run: turns
-- least: 45
-- hint: queue_take() goes along a list whose new members are put at its end.

-- All wait for the one CPU there is: nobody who came later may be gone sooner.
WITH waits AS MATERIALIZED (SELECT s.id, s.ts, s.ts + s.dur AS until, t.name FROM thread_state s JOIN thread t USING (thread)
	WHERE t.process_name = 'load' AND t.name LIKE 'thread %' AND s.state IN ('created', 'runnable') AND s.dur IS NOT NULL)
SELECT w.id, NOT EXISTS (SELECT 1 FROM waits o WHERE o.ts < w.ts AND o.until > w.until) AS ok,
	(SELECT w.name || ' waits since then and runs before ' || o.name || ', which has waited longer' FROM waits o WHERE o.ts < w.ts AND o.until > w.until
		ORDER BY o.ts LIMIT 1) AS what
FROM waits w ORDER BY w.id
