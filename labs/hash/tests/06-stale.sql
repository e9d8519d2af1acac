-- title: What is no longer in the table is in no CPU either
-- points: 4
-- level: core
-- run: collide
-- least: 100
-- hint: A CPU goes on using a translation that it has fetched, whatever becomes of the entry, until tlbie has told it and
--   tlbsync has waited.

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
SELECT id, faults > 0 AND (saw = 'right') AS ok, printf('a %s at 0x%x: its translation was taken away, and %s',
	CASE name WHEN 'gone' THEN 'load'
		ELSE name END, address, CASE faults WHEN 0 THEN 'no fault came' ELSE 'it found something wrong' END) AS what
FROM seen WHERE NOT there ORDER BY id
