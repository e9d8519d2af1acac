-- title: The secondary group is used only when the primary one is full
-- points: 3
-- level: core
-- run: collide
-- least: 8
-- hint: hash_secondary(primary) is for a page that finds no free place in its primary group.
WITH lives AS MATERIALIZED (SELECT * FROM life)
SELECT id, full = 8 AS ok,
	printf('page 0x%x goes to its secondary group, %d, and %d of 8 places of its primary one, %d, are taken',
		address, grp, full, 2047 - grp) AS what
FROM (SELECT n.*, (SELECT count(*) FROM lives l WHERE l.grp = 2047 - n.grp AND l.id < n.id AND l.end > n.id) AS full
	FROM entered n WHERE secondary) ORDER BY id
