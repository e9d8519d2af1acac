-- ask: paths uses {pages} pages at random addresses in 48 TiB, and {pages} pairs of pages, besides its own text and stack. How
--   many tables, of all four levels together, will its address space have at the end?
-- kind: prediction
-- points: 1
-- run: paths
-- machine: x86_64

SELECT count(*) FROM mmu_table WHERE space = (SELECT aspace FROM aspace_create WHERE name = 'paths')
