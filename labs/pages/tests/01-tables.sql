-- title: The first page of a space takes one table of each level
-- points: 2
-- level: warm-up
-- run: start
-- least: 12
-- hint: The root is there already. Each level below it that has no table yet gets one on the way, from the top down.

-- In each space: the events up to its first mmu_map are tables, of level 4, 3, 2 and 1.
WITH first AS (SELECT space, min(id) AS map FROM mmu_map GROUP BY space)
SELECT m.id, m.level = 5 - m.number AND m.id < f.map AS ok, printf('table %d of space %d serves level %d', m.number, m.space,
	m.level) AS what
FROM made m JOIN first f USING (space) WHERE m.number <= 4 ORDER BY m.id
