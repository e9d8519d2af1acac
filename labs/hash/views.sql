-- What several tests look at.

-- `place` of mmu_map: group << 8 | slot, and bit 31 if it is the secondary group.
CREATE TEMP VIEW entered AS SELECT id, space, address, place >> 8 & 2047 AS grp, place & 7 AS slot, place >> 31 & 1 AS secondary
	FROM mmu_map;

-- An entry lives from its mmu_map until it is evicted, unmapped, or replaced by another translation of its page.
CREATE TEMP VIEW life AS WITH placed AS MATERIALIZED (SELECT * FROM entered),
	lives AS MATERIALIZED (SELECT n.*, min(
		ifnull((SELECT min(e.id) FROM mmu_evict e WHERE e.id > n.id AND e.field_group = n.grp AND e.slot = n.slot), 1 << 60),
		ifnull((SELECT min(m.id) FROM placed m WHERE m.id > n.id AND m.space = n.space AND m.address = n.address), 1 << 60),
		ifnull((SELECT min(u.id) FROM mmu_unmap u WHERE u.id > n.id AND u.space = n.space
			AND n.address BETWEEN u.address AND u.address + u.pages * 4096 - 1), 1 << 60)) AS end FROM placed n)
	SELECT * FROM lives;

-- Each entry, and whether its place was free.
CREATE TEMP VIEW placing AS SELECT n.id, l.id IS NULL AS ok,
	printf('page 0x%x is entered in place %d of group %d, where page 0x%x of space %d still is', n.address, n.slot, n.grp,
		l.address, l.space) AS what
	FROM entered n LEFT JOIN life l ON l.grp = n.grp AND l.slot = n.slot AND l.id < n.id AND l.end > n.id;

CREATE TEMP VIEW own AS SELECT aspace FROM aspace_create WHERE name = 'collide';

-- A use of a page is a mark of the program before the instruction; behind it stands right or wrong. `there` says whether the page
-- was in the table then, `faults` how many it took.
CREATE TEMP VIEW seen AS WITH marks AS MATERIALIZED (SELECT id, name, value AS address, lead(id) OVER (ORDER BY id) AS end,
		lead(name) OVER (ORDER BY id) AS saw
		FROM mark_instant WHERE name IN ('load', 'store', 'gone', 'right', 'wrong')),
	change AS MATERIALIZED (SELECT id, address, 1 AS there FROM mmu_map WHERE space = (SELECT aspace FROM own)
		UNION ALL SELECT id, address, 0 FROM mmu_evict WHERE space = (SELECT aspace FROM own)
		UNION ALL SELECT u.id, m.address, 0 FROM mmu_unmap u JOIN (SELECT DISTINCT address FROM mmu_map
			WHERE space = (SELECT aspace FROM own)) m ON m.address BETWEEN u.address AND u.address + u.pages * 4096 - 1
			WHERE u.space = (SELECT aspace FROM own))
	SELECT u.*, ifnull((SELECT there FROM change c WHERE c.address = u.address AND c.id < u.id ORDER BY c.id DESC LIMIT 1), 0)
			AS there,
		(SELECT count(*) FROM fault_begin f WHERE f.id BETWEEN u.id AND u.end AND f.address = u.address
			AND f.kind <> 'segment not loaded') AS faults
		FROM marks u WHERE name IN ('load', 'store', 'gone');
