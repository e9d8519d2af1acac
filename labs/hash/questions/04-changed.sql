-- ask: And how many of those had their C bit set?
-- points: 1
-- run: collide
-- machine: ppc64
-- hint: Bit 1 of `usage`.
SELECT count(*) FROM mmu_evict WHERE usage & 2
