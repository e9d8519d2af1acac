-- title: The first program runs to its end, and every fault was answered once
-- points: 2
-- level: warm-up
-- run: start
-- least: 40
-- hint: If the same page faults again and again, the hardware does not see the entry: doubleword 1 first, then doubleword 0
--   with its valid bit.

-- A fault on a page that has a translation, though nothing has taken it away since.
WITH page AS (SELECT f.id, f.address & ~4095 AS address, t.aspace FROM fault_begin f JOIN thread_create t USING (thread)
		WHERE f.kind = 'no translation'),
	last AS (SELECT p.*, (SELECT max(m.id) FROM mmu_map m WHERE m.space = p.aspace AND m.address = p.address
		AND m.id < p.id) AS map FROM page p)
SELECT id, map IS NULL OR EXISTS (SELECT 1 FROM mmu_unmap u WHERE u.id BETWEEN map AND l.id AND u.space = l.aspace
		AND l.address BETWEEN u.address AND u.address + u.pages * 4096 - 1)
	OR EXISTS (SELECT 1 FROM mmu_evict e WHERE e.id BETWEEN map AND l.id AND e.space = l.aspace
		AND e.address = l.address) AS ok,
	printf('page 0x%x faults, though it was entered and not taken away since', address) AS what FROM last l
UNION ALL SELECT max(id), max(verdict = 'FINISHED' AND status = 0), 'the program does not end with status 0' FROM run_end
ORDER BY 1
