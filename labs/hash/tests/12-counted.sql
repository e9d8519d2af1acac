-- title: The counters in the trace say how many entries there are
-- points: 0
-- level: challenge
-- run: collide
-- least: 50
-- hint: hash_count() is told of every entry that comes and of every one that goes, with the doubleword 0 it had.

-- A counter speaks while the change that it counts is being made: the next event is that change.
WITH lives AS MATERIALIZED (SELECT * FROM life),
	counted AS (SELECT id, value, 0 AS secondary FROM hpt_entries UNION ALL SELECT id, value, 1 FROM hash_collisions),
	step AS (SELECT id, 1 AS by FROM mmu_map UNION ALL SELECT id, -1 FROM mmu_evict UNION ALL SELECT id, NULL FROM mmu_unmap),
	compared AS (SELECT c.*, (SELECT by FROM step n WHERE n.id > c.id ORDER BY n.id LIMIT 1) AS by,
		(SELECT count(*) FROM lives l WHERE l.id < c.id AND l.end > c.id AND l.secondary >= c.secondary) AS live
			FROM counted c)
SELECT id, value = live + by AS ok, printf('%d entries%s are counted, and there are %d', value,
		CASE secondary WHEN 1 THEN ' in secondary groups' ELSE '' END, live + by) AS what
FROM compared WHERE by IS NOT NULL ORDER BY id
