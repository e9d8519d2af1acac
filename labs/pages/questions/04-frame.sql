-- ask: Into which frame did that store go (its physical address)?
-- points: 1
-- run: paths
-- machine: x86_64
-- hint: Whoever enters a translation says what it leads to.

SELECT printf('0x%x', m.frame) FROM mark_instant s JOIN mmu_map m ON m.address = s.value AND m.id > s.id WHERE s.name = 'store'
	ORDER BY s.id, m.id LIMIT 1
