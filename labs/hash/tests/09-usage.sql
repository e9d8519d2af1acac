-- title: R and C are not lost on the way out
-- points: 3
-- level: stress
-- run: collide
-- least: 50
-- hint: Ageing clears R, so it has to be remembered (ENTRY_WAS_REFERENCED); C is nobody's to clear. Both are final only when no
--   CPU has the entry.

-- What the entry says at its eviction, against what the program did with the page since it was entered.
WITH gone AS (SELECT e.*, (SELECT max(m.id) FROM mmu_map m WHERE m.space = e.space AND m.address = e.address
		AND m.id < e.id) AS map
		FROM mmu_evict e WHERE space = (SELECT aspace FROM own) AND address IN (SELECT value FROM mark_instant
			WHERE name = 'store')),
	done AS (SELECT g.*,
		(SELECT count(*) FROM mark_instant u WHERE u.value = g.address AND u.id < g.id AND u.name IN ('load', 'store')
			AND (SELECT min(n.id) FROM mark_instant n WHERE n.id > u.id) > g.map) AS used,
		(SELECT count(*) FROM mark_instant u WHERE u.value = g.address AND u.id < g.id AND u.name = 'store'
			AND (SELECT min(n.id) FROM mark_instant n WHERE n.id > u.id) > g.map) AS stored FROM gone g)
SELECT id, usage = (used > 0) + 2 * (stored > 0) AS ok,
	printf('page 0x%x leaves with R = %d and C = %d, after %d uses and %d stores', address,
		usage & 1, usage >> 1 & 1, used, stored) AS what
FROM done ORDER BY id
