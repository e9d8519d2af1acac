-- title: A place is used again only after its entry was withdrawn
-- points: 3
-- level: core
-- run: collide
-- least: 200
-- hint: A valid entry that is just written over is an eviction that nobody was told of: not the CPUs, not hash_count(), not the
--   trace.

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
SELECT n.id, l.id IS NULL AS ok, printf('page 0x%x is entered in place %d of group %d, where page 0x%x of space %d still is',
	n.address, n.slot,
		n.grp, l.address, l.space) AS what
FROM entered n LEFT JOIN life l ON l.grp = n.grp AND l.slot = n.slot AND l.id < n.id AND l.end > n.id ORDER BY n.id
