-- title: Who comes first is served first
-- points: 3
-- level: warm-up
-- run: turns
-- least: 45
-- hint: queue_take() goes along a list whose new members are put at its end.

-- All wait for the one CPU there is: nobody who came later may be gone sooner.
WITH queued AS MATERIALIZED (SELECT * FROM waits WHERE name LIKE 'thread %' AND dur IS NOT NULL)
SELECT w.id, NOT EXISTS (SELECT 1 FROM queued o WHERE o.ts < w.ts AND o.until > w.until) AS ok,
	(SELECT w.name || ' waits since then and runs before ' || o.name || ', which has waited longer' FROM queued o WHERE o.ts < w.ts AND o.until > w.until
		ORDER BY o.ts LIMIT 1) AS what
FROM queued w ORDER BY w.id
