-- title: Room is made only when all sixteen places are taken, and where it is made the page goes
-- points: 3
-- level: core
-- run: collide
-- least: 50
-- hint: Eight places in the primary group, eight in the secondary one; somebody has to go only if none of them is free.
WITH lives AS MATERIALIZED (SELECT * FROM life)
SELECT id, full = 16 AND grp IS field_group AND used IS slot AND secondary IS 0 AS ok,
	printf('page 0x%x loses place %d of group %d while %d of 16 are taken; the next page gets place %s of group %s',
		address, slot, field_group, full, used, grp) AS what
FROM (SELECT e.*, m.grp, m.slot AS used, m.secondary,
	(SELECT count(*) FROM lives l WHERE l.grp IN (e.field_group, 2047 - e.field_group) AND l.id < e.id
		AND l.end >= e.id) AS full
	FROM mmu_evict e LEFT JOIN entered m ON m.id = (SELECT min(n.id) FROM entered n WHERE n.id > e.id)) ORDER BY id
