-- title: Room is made only when all sixteen places are taken, and where it is made the page goes
-- points: 3
-- level: core
-- run: collide
-- least: 50
-- hint: Eight places in the primary group, eight in the secondary one; somebody has to go only if none of them is free.

-- An entry lives from its mmu_map until it is evicted, unmapped, or replaced by another translation of its page.
WITH entered AS MATERIALIZED (SELECT id, space, address, place >> 8 & 2047 AS grp, place & 7 AS slot, place >> 31 & 1
		AS secondary FROM mmu_map),
	life AS MATERIALIZED (SELECT n.*, min(
		ifnull((SELECT min(e.id) FROM mmu_evict e WHERE e.id > n.id AND e.field_group = n.grp
			AND e.slot = n.slot), 1 << 60),
		ifnull((SELECT min(m.id) FROM entered m WHERE m.id > n.id AND m.space = n.space
			AND m.address = n.address), 1 << 60),
		ifnull((SELECT min(u.id) FROM mmu_unmap u WHERE u.id > n.id AND u.space = n.space
			AND n.address BETWEEN u.address AND u.address + u.pages * 4096 - 1), 1 << 60)) AS end FROM entered n)
SELECT id, full = 16 AND grp IS field_group AND used IS slot AND secondary IS 0 AS ok,
	printf('page 0x%x loses place %d of group %d while %d of 16 are taken; the next page gets place %s of group %s',
		address, slot, field_group, full, used, grp) AS what
FROM (SELECT e.*, m.grp, m.slot AS used, m.secondary,
	(SELECT count(*) FROM life l WHERE l.grp IN (e.field_group, 2047 - e.field_group) AND l.id < e.id
		AND l.end >= e.id) AS full
	FROM mmu_evict e LEFT JOIN entered m ON m.id = (SELECT min(n.id) FROM entered n WHERE n.id > e.id)) ORDER BY id
