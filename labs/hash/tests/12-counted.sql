-- title: The counters in the trace say how many entries there are
-- points: 0
-- level: challenge
-- run: collide
-- least: 50
-- hint: hash_count() is told of every entry that comes and of every one that goes, with the doubleword 0 it had.

-- A counter speaks while the change that it counts is being made: the next event is that change.
WITH entered AS MATERIALIZED (SELECT id, space, address, place >> 8 & 2047 AS grp, place & 7 AS slot, place >> 31 & 1
		AS secondary FROM mmu_map),
	life AS MATERIALIZED (SELECT n.*, min(
		ifnull((SELECT min(e.id) FROM mmu_evict e WHERE e.id > n.id AND e.field_group = n.grp
			AND e.slot = n.slot), 1 << 60),
		ifnull((SELECT min(m.id) FROM entered m WHERE m.id > n.id AND m.space = n.space
			AND m.address = n.address), 1 << 60),
		ifnull((SELECT min(u.id) FROM mmu_unmap u WHERE u.id > n.id AND u.space = n.space
			AND n.address BETWEEN u.address AND u.address + u.pages * 4096 - 1), 1 << 60)) AS end FROM entered n),
	counted AS (SELECT id, value, 0 AS secondary FROM hpt_entries UNION ALL SELECT id, value, 1 FROM hash_collisions),
	change AS (SELECT id, 1 AS by FROM mmu_map UNION ALL SELECT id, -1 FROM mmu_evict UNION ALL SELECT id, NULL
		FROM mmu_unmap),
	compared AS (SELECT c.*, (SELECT by FROM change n WHERE n.id > c.id ORDER BY n.id LIMIT 1) AS by,
		(SELECT count(*) FROM life l WHERE l.id < c.id AND l.end > c.id AND l.secondary >= c.secondary) AS live
			FROM counted c)
SELECT id, value = live + by AS ok, printf('%d entries%s are counted, and there are %d', value,
		CASE secondary WHEN 1 THEN ' in secondary groups' ELSE '' END, live + by) AS what
FROM compared WHERE by IS NOT NULL ORDER BY id
