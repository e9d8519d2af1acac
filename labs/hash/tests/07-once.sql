-- title: What is in the table is found: no second fault
-- points: 2
-- level: core
-- run: collide
-- least: 150
-- hint: The valid bit goes last, and the entry of a secondary group says so (H), or the hardware passes it by.

-- A use is a mark of the program before the instruction; behind it stands right or wrong. Changes are what was entered or taken
-- away.
WITH own AS MATERIALIZED (SELECT aspace FROM aspace_create WHERE name = 'collide'),
	uses AS MATERIALIZED (SELECT id, name, value AS address, lead(id) OVER (ORDER BY id) AS end,
		lead(name) OVER (ORDER BY id) AS saw
		FROM mark_instant WHERE name IN ('load', 'store', 'gone', 'right', 'wrong')),
	change AS MATERIALIZED (SELECT id, address, 1 AS there FROM mmu_map WHERE space = (SELECT aspace FROM own)
		UNION ALL SELECT id, address, 0 FROM mmu_evict WHERE space = (SELECT aspace FROM own)
		UNION ALL SELECT u.id, m.address, 0 FROM mmu_unmap u JOIN (SELECT DISTINCT address FROM mmu_map
			WHERE space = (SELECT aspace FROM own)) m ON m.address BETWEEN u.address
				AND u.address + u.pages * 4096 - 1
			WHERE u.space = (SELECT aspace FROM own)),
	seen AS MATERIALIZED (SELECT u.*, ifnull((SELECT there FROM change c WHERE c.address = u.address AND c.id < u.id
		ORDER BY c.id DESC LIMIT 1), 0) AS there,
		(SELECT count(*) FROM fault_begin f WHERE f.id BETWEEN u.id AND u.end AND f.address = u.address
			AND f.kind <> 'segment not loaded') AS faults
		FROM uses u WHERE name IN ('load', 'store', 'gone'))
SELECT id, faults = 0 AND saw = 'right' AS ok,
	printf('a %s at 0x%x: the page was in the table, and it took %d faults (what it found is %s)', name,
		address, faults, saw) AS what
FROM seen WHERE there ORDER BY id
