-- ask: Which page lost its place most often (its address; of several, the lowest)?
-- points: 1
-- run: collide
-- machine: ppc64
-- hint: GROUP BY address; printf('0x%x', address) shows it as usual.
SELECT printf('0x%x', address) FROM mmu_evict GROUP BY address ORDER BY count(*) DESC, address LIMIT 1
