-- ask: How often was CPU 1 told to forget something, in the run of share with your number as its seed?
-- points: 1
-- run: share
-- machine: x86_64
-- hint: `told` of mmu_sync has a bit for each CPU.

SELECT count(*) FROM mmu_sync WHERE told & 2
