-- title: Every CPU that may hold a translation is told that it is gone
-- points: 4
-- level: stress
-- run: share
-- least: 580
-- hint: radix_sync() is what the kernel calls between taking a translation away and giving the frame to somebody else.

-- A CPU that translated through the space from the unmapping to the sync has flushed in between; and no CPU has read an old
-- page.
SELECT s.id, s.told >> t.cpu & 1 AND EXISTS (SELECT 1 FROM tlb_flush f WHERE f.cpu = t.cpu AND f.id BETWEEN s.start
	AND s.id) AS ok,
	printf('CPU %d took something out of space %d; CPU %d translates through it, and did not flush', s.cpu, s.space, t.cpu)
		AS what
FROM sync s JOIN turn t ON t.space = s.space AND t.cpu <> s.cpu AND t.id < s.start AND t.end > s.id
UNION ALL SELECT id, name = 'right', printf('thread %d found something else in page %d than was stored there last', thread,
	value)
	FROM mark_instant WHERE name IN ('right', 'wrong')
ORDER BY 1
