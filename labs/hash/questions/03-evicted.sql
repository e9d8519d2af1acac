-- ask: How many translations lost their place in the whole run of collide?
-- points: 1
-- run: collide
-- machine: ppc64
-- hint: There is an event for it.
SELECT count(*) FROM mmu_evict
