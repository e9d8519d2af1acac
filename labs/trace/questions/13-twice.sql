-- ask: Which number was the first that both cashiers wrote, on POWER?
-- points: 3
-- run: till
-- machine: ppc64
-- hint: Group the events mark_instant named `wrote` by their value.
SELECT value FROM mark_instant WHERE name = 'wrote' GROUP BY value HAVING count(DISTINCT thread) = 2 ORDER BY max(id) LIMIT 1
