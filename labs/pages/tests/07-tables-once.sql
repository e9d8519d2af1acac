-- title: There are as many tables as the pages need, and no more
-- points: 2
-- level: core
-- run: paths
-- least: 12
-- hint: A table that is there is used. What entered it says so: PTE_PRESENT.

-- Level n has one table for each part of the address space of 2^(12 + 9 n) bytes in which something was ever entered.
WITH level(level) AS (VALUES (1), (2), (3)),
	made AS (SELECT space, level, count(*) AS tables, max(id) AS id FROM mmu_table GROUP BY space, level),
	needed AS (SELECT m.space, l.level, count(DISTINCT m.address >> (12 + 9 * l.level)) AS tables, max(m.id) AS id
		FROM mmu_map m, level l GROUP BY m.space, l.level)
SELECT ifnull(m.id, n.id) AS id, n.tables IS m.tables AS ok,
	printf('space %d has %d tables of level %d, and its pages need %d', n.space, m.tables, n.level, n.tables) AS what
FROM needed n LEFT JOIN made m USING (space, level) ORDER BY 1
