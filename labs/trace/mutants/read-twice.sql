-- mutant: the first number that both read is taken instead of the first that both wrote
-- fails: twice
-- run: till-ppc64-1
SELECT * FROM (SELECT 'twice', value FROM mark_instant WHERE name = 'read' GROUP BY value HAVING count(DISTINCT thread) = 2 ORDER BY max(id) LIMIT 1)
