-- ask: And how many does it have with five levels?
-- points: 1
-- run: paths5
-- machine: x86_64
-- hint: There is an event for each table, with the space and the level.

SELECT count(*) FROM mmu_table WHERE space = (SELECT aspace FROM aspace_create WHERE name = 'paths')
