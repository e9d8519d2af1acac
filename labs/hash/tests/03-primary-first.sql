-- title: The secondary group is used only when the primary one is full
-- points: 3
-- level: core
-- run: collide
-- least: 8
-- hint: hash_secondary(primary) is for a page that finds no free place in its primary group.

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
SELECT id, full = 8 AS ok,
	printf('page 0x%x goes to its secondary group, %d, and %d of 8 places of its primary one, %d, are taken',
		address, grp, full, 2047 - grp) AS what
FROM (SELECT n.*, (SELECT count(*) FROM life l WHERE l.grp = 2047 - n.grp AND l.id < n.id AND l.end > n.id) AS full
	FROM entered n WHERE secondary) ORDER BY id
