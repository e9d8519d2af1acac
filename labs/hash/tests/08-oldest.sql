-- title: A page that is used all the time does not lose its place
-- points: 3
-- level: core
-- run: collide
-- least: 25
-- hint: Age is counted in rounds: R set makes an entry young and is cleared, so that the next round sees whether it was used
--   again. A CPU that still holds the translation does not set R again: gone_flush().

-- Evictions while the program loads one page between all others.
SELECT e.id, e.address <> h.value AS ok, printf('the hot page, 0x%x, loses its place at age %d; it was loaded just before',
	e.address, e.age) AS what
FROM mmu_evict e, mark_instant h, mark_instant o
WHERE h.name = 'hot' AND o.name = 'hot over' AND e.id BETWEEN h.id AND o.id ORDER BY e.id
