-- ask: Which group, from 0 to 2047, is the primary group of the pages that collide uses?
-- points: 1
-- run: collide
-- machine: ppc64
-- hint: mmu_map says in which group it entered a page, and bit 31 of `place` whether that is the secondary one.
SELECT m.place >> 8 & 2047 FROM mmu_map m JOIN mark_instant h ON h.name = 'hot' AND m.address = h.value ORDER BY m.id LIMIT 1
